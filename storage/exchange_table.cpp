#include "storage/exchange_table.hpp"

#include <algorithm>

#include "storage/http_text.hpp"

namespace tapedeck::storage {
namespace {

/// In the order in which write() binds them.
constexpr std::string_view kColumns =
    "id, session_id, started_at, state, mode, method, scheme, host, port, status, "
    "request_size, response_size, request_body_id, response_body_id, "
    "total_us, dns_us, connect_us, tls_us, send_us, wait_us, receive_us, "
    "error_stage, error_code, error_detail, replay_of, match_key, "
    "client, upstream_address, upstream_reused, tls_version, tls_cipher, peer_cert_sha256, "
    "request_version, response_version, reason, path, query, "
    "request_headers, request_trailers, response_headers, response_trailers, tls_sni, tls_alpn, "
    "redacted";

/// "?1,?2,...", one for each column; ?1 is the id.
std::string parameters() {
  const auto count = 1 + std::count(kColumns.begin(), kColumns.end(), ',');
  std::string list = "?1";
  for (std::ptrdiff_t i = 2; i <= count; ++i) list.append(",?").append(std::to_string(i));
  return list;
}

// INSERT OR REPLACE would do for both, but makes SQLite copy every page before it touches it.
std::string insert_sql() {
  return std::string("INSERT INTO exchange(").append(kColumns) + ") VALUES(" + parameters() + ")";
}
std::string update_sql() {
  return std::string("UPDATE exchange SET (").append(kColumns) + ") = (" + parameters() +
         ") WHERE id = ?1";
}

/// Binds one value after another.
class Binder {
 public:
  explicit Binder(Statement& statement) : statement_(statement) {}
  void integer(std::int64_t value) { statement_.bind(++index_, value); }
  void text(std::string_view value) { statement_.bind(++index_, value); }
  void text_or_null(std::string_view value) {
    if (value.empty()) {
      null();
    } else {
      text(value);
    }
  }
  template <class T>
  void integer_or_null(const std::optional<T>& value) {
    if (value) {
      integer(static_cast<std::int64_t>(*value));
    } else {
      null();
    }
  }
  /// A section of fields as JSON; NULL when it is empty and need not be.
  void fields_or_null(const http::Fields& fields, bool received, std::string& json) {
    if (fields.empty() && !received) {
      null();
      return;
    }
    json.clear();
    append_header_json(fields, json);
    text(json);
  }
  /// Parameters are cleared from the last run, so that NULL needs no call.
  void null() { ++index_; }

 private:
  Statement& statement_;
  int index_ = 0;
};

std::int64_t first_free_id(Database& database) {
  // sqlite_sequence remembers ids of rows that have been deleted since.
  Statement last = database.prepare(
      "SELECT max(coalesce((SELECT max(id) FROM exchange), 0),"
      " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'exchange'), 0)) + 1");
  last.step();
  return last.integer(0);
}

}  // namespace

ExchangeTable::ExchangeTable(Database& database, std::int64_t session_id)
    : session_id_(session_id),
      insert_(database.prepare(insert_sql())),
      update_(database.prepare(update_sql())),
      set_request_body_(database.prepare("UPDATE exchange SET request_body_id = ?2 WHERE id = ?1")),
      set_response_body_(
          database.prepare("UPDATE exchange SET response_body_id = ?2 WHERE id = ?1")),
      add_arrival_(database.prepare(
          "INSERT OR REPLACE INTO stream_event(exchange_id, offset, at_us) VALUES(?1, ?2, ?3)")),
      next_id_(first_free_id(database)) {}

void ExchangeTable::insert(std::int64_t id, const Exchange& exchange, const Bodies& bodies) {
  write(insert_, id, exchange, bodies);
}

void ExchangeTable::update(std::int64_t id, const Exchange& exchange, const Bodies& bodies) {
  write(update_, id, exchange, bodies);
}

void ExchangeTable::write(Statement& statement, std::int64_t id, const Exchange& exchange,
                          const Bodies& bodies) {
  statement.clear_bindings();
  Binder bind(statement);
  bind.integer(id);
  bind.integer(session_id_);
  bind.integer(exchange.started_at);
  bind.text(to_string(exchange.state));
  bind.text(to_string(exchange.mode));
  bind.text_or_null(to_utf8(exchange.method, scratch_.method));
  bind.text_or_null(exchange.scheme);
  bind.text_or_null(exchange.host);
  bind.integer_or_null(exchange.port);
  bind.integer_or_null(exchange.status);
  bind.integer(exchange.request_size);
  bind.integer(exchange.response_size);
  bind.integer_or_null(bodies.request);
  bind.integer_or_null(bodies.response);
  bind.integer_or_null(exchange.timings.total_us);
  bind.integer_or_null(exchange.timings.dns_us);
  bind.integer_or_null(exchange.timings.connect_us);
  bind.integer_or_null(exchange.timings.tls_us);
  bind.integer_or_null(exchange.timings.send_us);
  bind.integer_or_null(exchange.timings.wait_us);
  bind.integer_or_null(exchange.timings.receive_us);
  bind.text_or_null(exchange.error_stage);
  bind.text_or_null(exchange.error_code);
  bind.text_or_null(exchange.error_detail);
  bind.integer_or_null(exchange.replay_of);
  bind.text_or_null(exchange.match_key);
  bind.text_or_null(exchange.client);
  bind.text_or_null(exchange.upstream_address);
  bind.integer_or_null(exchange.upstream_reused);
  bind.text_or_null(exchange.tls_version);
  bind.text_or_null(exchange.tls_cipher);
  bind.text_or_null(exchange.peer_cert_sha256);
  bind.text_or_null(exchange.request_version);
  bind.text_or_null(exchange.response_version);
  bind.text_or_null(to_utf8(exchange.reason, scratch_.reason));
  bind.text_or_null(to_utf8(exchange.path, scratch_.path));
  if (exchange.query) {
    bind.text(to_utf8(*exchange.query, scratch_.query));
  } else {
    bind.null();
  }
  const bool requested = !exchange.method.empty();
  const bool answered = exchange.status.has_value();
  bind.fields_or_null(exchange.request_headers, requested, scratch_.request_headers);
  bind.fields_or_null(exchange.request_trailers, false, scratch_.request_trailers);
  bind.fields_or_null(exchange.response_headers, answered, scratch_.response_headers);
  bind.fields_or_null(exchange.response_trailers, false, scratch_.response_trailers);
  bind.text_or_null(to_utf8(exchange.tls_sni, scratch_.tls_sni));
  bind.text_or_null(to_utf8(exchange.tls_alpn, scratch_.tls_alpn));
  bind.text_or_null(exchange.redacted);
  statement.run();
}

void ExchangeTable::set_body(std::int64_t id, Side side, std::int64_t body_id) {
  Statement& statement = side == Side::request ? set_request_body_ : set_response_body_;
  statement.bind(1, id).bind(2, body_id).run();
}

void ExchangeTable::add_arrivals(std::int64_t id, std::span<const Arrivals::Event> events) {
  for (const Arrivals::Event& event : events) {
    add_arrival_.bind(1, id).bind(2, event.offset).bind(3, event.at_us).run();
  }
}

void ExchangeTable::mark_interrupted(Database& database) {
  // The row was last written before its bodies were: they know better how much arrived.
  database.execute(
      "UPDATE exchange SET state = 'interrupted',"
      " request_size = max(request_size,"
      "  coalesce((SELECT size FROM body WHERE id = request_body_id), 0)),"
      " response_size = max(response_size,"
      "  coalesce((SELECT size FROM body WHERE id = response_body_id), 0)) "
      "WHERE state = 'open'");
}

}  // namespace tapedeck::storage
