#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/exchange.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// The bodies a row points at.
struct BodyIds {
  std::optional<std::int64_t> request;
  std::optional<std::int64_t> response;
};

/// Tables exchange and session, written inside the caller's transaction. The writer's thread only.
class ExchangeTable {
 public:
  /// Begins a session: every row inserted belongs to it.
  ExchangeTable(Database& database, const std::string& session_name, const std::string& command);

  std::int64_t insert(const Exchange& exchange, const BodyIds& bodies);
  void update(std::int64_t id, const Exchange& exchange, const BodyIds& bodies);
  void end_session();

  /// Rows a dead process left `open` become `interrupted`, with what arrived of their bodies.
  static void mark_interrupted(Database& database);

 private:
  void bind(Statement& statement, const Exchange& exchange, const BodyIds& bodies);

  Database& database_;
  std::int64_t session_id_;
  Statement insert_;
  Statement update_;
  // What is bound must live until the statement has run.
  std::string request_headers_;
  std::string response_headers_;
  std::string request_trailers_;
  std::string response_trailers_;
  std::string path_;
  std::string query_;
  std::string reason_;
};

}  // namespace tapedeck::storage
