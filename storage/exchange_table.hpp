#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "storage/arrivals.hpp"
#include "storage/exchange.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Tables `exchange` and `stream_event`. Every call belongs to a transaction of the caller's.
/// Writer thread only. Throws SqliteError.
class ExchangeTable {
 public:
  ExchangeTable(Database& database, std::int64_t session_id);

  struct Bodies {
    std::optional<std::int64_t> request;
    std::optional<std::int64_t> response;
  };

  /// An id for an exchange about to be written: larger than every one before.
  std::int64_t reserve_id() noexcept { return next_id_++; }
  void insert(std::int64_t id, const Exchange& exchange, const Bodies& bodies);
  /// Writes an existing row anew.
  void update(std::int64_t id, const Exchange& exchange, const Bodies& bodies);
  /// Points an existing row at a body that has begun to arrive.
  void set_body(std::int64_t id, Side side, std::int64_t body_id);

  /// When bytes of the response body came.
  void add_arrivals(std::int64_t id, std::span<const Arrivals::Event> events);

  /// Rows left `open` by a process that died become `interrupted`.
  static void mark_interrupted(Database& database);

 private:
  /// Text made of one exchange, bound to the statement until it has run. Kept to keep its memory.
  struct Scratch {
    std::string request_headers;
    std::string request_trailers;
    std::string response_headers;
    std::string response_trailers;
    std::string method;
    std::string path;
    std::string query;
    std::string reason;
    std::string tls_sni;
    std::string tls_alpn;
  };

  void write(Statement& statement, std::int64_t id, const Exchange& exchange, const Bodies& bodies);

  std::int64_t session_id_;
  Statement insert_;
  Statement update_;
  Statement set_request_body_;
  Statement set_response_body_;
  Statement add_arrival_;
  Scratch scratch_;
  std::int64_t next_id_;
};

}  // namespace tapedeck::storage
