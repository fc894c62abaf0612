#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/exchange.hpp"
#include "storage/query/filter.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// A row of table `exchange` read back: text that came from the wire is bytes again.
struct LoggedExchange {
  std::int64_t id = 0;
  std::string session;
  Exchange row;
  std::optional<std::int64_t> request_body;  ///< body.id
  std::optional<std::int64_t> response_body;
};

/// The exchanges that a filter lets through, oldest first.
class ExchangeCursor {
 public:
  ExchangeCursor(Database& log, const Filter& filter);
  /// Overwrites `exchange`; false at the end.
  bool next(LoggedExchange& exchange);

 private:
  Statement rows_;
};

}  // namespace tapedeck::storage
