#pragma once

#include <string>

#include "storage/export/body_text.hpp"
#include "storage/export/exchange_writer.hpp"
#include "storage/export/json_writer.hpp"

namespace tapedeck::storage {

/// Writes HAR 1.2, an entry a line. What HAR has no place for, and an import needs to restore the
/// row, stands in members whose names begin with "_tapedeck".
class HarWriter final : public ExchangeWriter {
 public:
  /// `version`: of the program, for log.creator.
  HarWriter(Database& log, Decode decode, Out out, std::string version);

  void begin() override;
  void write(const LoggedExchange& exchange) override;
  void end() override;

 private:
  void write_request(const LoggedExchange& exchange);
  void write_post_data(const LoggedExchange& exchange);
  void write_response(const LoggedExchange& exchange);
  void write_content(const LoggedExchange& exchange);
  void write_fields(std::string_view key, const http::Fields& fields);
  void write_pairs(std::string_view key, std::string_view query);
  void write_timings(const Timings& timings);
  void write_own(const Exchange& row);

  JsonWriter json_;
  BodyText body_;
  std::string version_;
};

}  // namespace tapedeck::storage
