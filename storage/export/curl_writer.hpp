#pragma once

#include <string>

#include "storage/export/exchange_writer.hpp"
#include "storage/export/json_writer.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Writes a script for sh: for each exchange a curl command that sends the recorded request byte
/// for byte, straight to the server. What no command can send is a comment that says so.
class CurlWriter final : public ExchangeWriter {
 public:
  CurlWriter(Database& log, Out out) : log_(log), out_(std::move(out)) {}

  void begin() override;
  void write(const LoggedExchange& exchange) override;
  void end() override {}

 private:
  void write_command(const LoggedExchange& exchange);
  /// The options that say what body to send; a command before the curl one makes it where it is not
  /// short text.
  std::string body_options(const LoggedExchange& exchange);
  void pipe_body(std::int64_t body_id);

  Database& log_;
  Out out_;
};

}  // namespace tapedeck::storage
