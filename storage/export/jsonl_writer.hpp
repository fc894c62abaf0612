#pragma once

#include "storage/export/body_text.hpp"
#include "storage/export/exchange_writer.hpp"
#include "storage/export/json_writer.hpp"

namespace tapedeck::storage {

/// Writes an exchange a line as a JSON object, its members always in the same order: what was said
/// first, what differs from one recording of the same to the next (times, addresses, number) last.
class JsonlWriter final : public ExchangeWriter {
 public:
  JsonlWriter(Database& log, Decode decode, Out out)
      : json_(std::move(out)), body_(log, std::move(decode)) {}

  void write(const LoggedExchange& exchange) override;
  void end() override { json_.flush(); }

 private:
  void write_message(Side side, const LoggedExchange& exchange);
  void write_fields(std::string_view key, const http::Fields& fields);
  void write_circumstances(const LoggedExchange& exchange);

  JsonWriter json_;
  BodyText body_;
};

}  // namespace tapedeck::storage
