#pragma once

#include "storage/export/logged_exchange.hpp"

namespace tapedeck::storage {

/// One of the formats: begin, any number of exchanges, end.
class ExchangeWriter {
 public:
  virtual ~ExchangeWriter() = default;
  virtual void begin() {}
  virtual void write(const LoggedExchange& exchange) = 0;
  virtual void end() = 0;
};

}  // namespace tapedeck::storage
