#include "storage/exchange_table.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "storage/header_json.hpp"

namespace tapedeck::storage {
namespace {

/// In the order bind() numbers them, from 1.
constexpr std::array<const char*, 40> kColumns = {"session_id",
                                                  "started_at",
                                                  "client",
                                                  "mode",
                                                  "method",
                                                  "scheme",
                                                  "host",
                                                  "port",
                                                  "path",
                                                  "query",
                                                  "request_version",
                                                  "request_headers",
                                                  "request_trailers",
                                                  "request_body_id",
                                                  "request_size",
                                                  "status",
                                                  "reason",
                                                  "response_version",
                                                  "response_headers",
                                                  "response_trailers",
                                                  "response_body_id",
                                                  "response_size",
                                                  "state",
                                                  "error_stage",
                                                  "error_code",
                                                  "error_detail",
                                                  "dns_us",
                                                  "connect_us",
                                                  "tls_us",
                                                  "send_us",
                                                  "wait_us",
                                                  "receive_us",
                                                  "total_us",
                                                  "upstream_address",
                                                  "upstream_reused",
                                                  "tls_version",
                                                  "tls_cipher",
                                                  "peer_cert_sha256",
                                                  "replay_of",
                                                  "match_key"};
constexpr int kIdParameter = static_cast<int>(kColumns.size()) + 1;

std::string insert_sql() {
  std::string names;
  std::string values;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    if (i > 0) {
      names += ", ";
      values += ", ";
    }
    names += kColumns[i];
    values += "?" + std::to_string(i + 1);
  }
  return "INSERT INTO exchange (" + names + ") VALUES (" + values + ")";
}

std::string update_sql() {
  std::string sets;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    if (i > 0) sets += ", ";
    sets += std::string(kColumns[i]) + " = ?" + std::to_string(i + 1);
  }
  return "UPDATE exchange SET " + sets + " WHERE id = ?" + std::to_string(kIdParameter);
}

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t begin_session(Database& database, const std::string& name,
                           const std::string& command) {
  const std::int64_t now = now_us();
  Statement insert = database.prepare(
      "INSERT INTO session (name, started_at, command) "
      "VALUES (coalesce(?1, strftime('%Y-%m-%dT%H:%M:%SZ', ?2 / 1000000, 'unixepoch')), ?2, ?3)");
  insert.bind_or_null(1, name).bind(2, now).bind_or_null(3, command).run();
  return database.last_insert_id();
}

/// Text from the wire as UTF-8. `storage` keeps what had to be converted.
std::string_view utf8(std::string_view bytes, std::string& storage) {
  const bool ascii =
      std::none_of(bytes.begin(), bytes.end(), [](char c) { return (c & '\x80') != 0; });
  if (ascii) return bytes;
  storage = latin1_to_utf8(bytes);
  return storage;
}

}  // namespace

ExchangeTable::ExchangeTable(Database& database, const std::string& session_name,
                             const std::string& command)
    : database_(database),
      session_id_(begin_session(database, session_name, command)),
      insert_(database.prepare(insert_sql())),
      update_(database.prepare(update_sql())) {}

std::int64_t ExchangeTable::insert(const Exchange& exchange, const BodyIds& bodies) {
  bind(insert_, exchange, bodies);
  insert_.run();
  return database_.last_insert_id();
}

void ExchangeTable::update(std::int64_t id, const Exchange& exchange, const BodyIds& bodies) {
  bind(update_, exchange, bodies);
  update_.bind(kIdParameter, id).run();
}

void ExchangeTable::bind(Statement& statement, const Exchange& row, const BodyIds& bodies) {
  request_headers_.clear();
  response_headers_.clear();
  request_trailers_.clear();
  response_trailers_.clear();
  append_header_json(row.request_headers, request_headers_);
  append_header_json(row.response_headers, response_headers_);
  if (!row.request_trailers.empty()) append_header_json(row.request_trailers, request_trailers_);
  if (!row.response_trailers.empty()) append_header_json(row.response_trailers, response_trailers_);

  int i = 0;
  const auto text = [&](std::string_view value) { statement.bind_or_null(++i, value); };
  const auto number = [&](std::optional<std::int64_t> value) { statement.bind(++i, value); };
  number(session_id_);
  number(row.started_at);
  text(row.client);
  text(to_string(row.mode));
  text(row.method);
  text(row.scheme);
  text(row.host);
  number(row.port);
  text(utf8(row.path, path_));
  if (row.query) {
    statement.bind(++i, utf8(*row.query, query_));
  } else {
    statement.bind_null(++i);
  }
  text(row.request_version);
  statement.bind(++i, request_headers_);
  text(request_trailers_);
  number(bodies.request);
  number(row.request_size);
  number(row.status);
  text(utf8(row.reason, reason_));
  text(row.response_version);
  statement.bind(++i, response_headers_);
  text(response_trailers_);
  number(bodies.response);
  number(row.response_size);
  text(to_string(row.state));
  text(row.error_stage);
  text(row.error_code);
  text(row.error_detail);
  number(row.timings.dns_us);
  number(row.timings.connect_us);
  number(row.timings.tls_us);
  number(row.timings.send_us);
  number(row.timings.wait_us);
  number(row.timings.receive_us);
  number(row.timings.total_us);
  text(row.upstream_address);
  number(row.upstream_reused);
  text(row.tls_version);
  text(row.tls_cipher);
  text(row.peer_cert_sha256);
  number(row.replay_of);
  text(row.match_key);
}

void ExchangeTable::end_session() {
  database_.prepare("UPDATE session SET ended_at = ?2 WHERE id = ?1")
      .bind(1, session_id_)
      .bind(2, now_us())
      .run();
}

void ExchangeTable::mark_interrupted(Database& database) {
  // A body that was still arriving has no digest and no size yet.
  database.execute(R"sql(
    UPDATE body SET size = (SELECT coalesce(sum(length(bytes)), 0) FROM body_chunk
                            WHERE body_id = body.id)
    WHERE sha256 IS NULL AND size = 0;
    UPDATE body SET stored_size = size WHERE sha256 IS NULL;
    UPDATE exchange SET state = 'interrupted',
      request_size = max(request_size,
                         coalesce((SELECT size FROM body WHERE id = request_body_id), 0)),
      response_size = max(response_size,
                          coalesce((SELECT size FROM body WHERE id = response_body_id), 0))
    WHERE state = 'open';
    UPDATE session SET ended_at = coalesce(
      (SELECT max(started_at + coalesce(total_us, 0)) FROM exchange WHERE session_id = session.id),
      started_at) WHERE ended_at IS NULL)sql");
}

}  // namespace tapedeck::storage
