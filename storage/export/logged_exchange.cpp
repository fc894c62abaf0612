#include "storage/export/logged_exchange.hpp"

#include "storage/header_json.hpp"
#include "storage/http_text.hpp"
#include "storage/schema.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, (SELECT name FROM session WHERE session.id = session_id), started_at, state, mode,"
    " method, scheme, host, port, status, request_size, response_size,"
    " request_body_id, response_body_id,"
    " total_us, dns_us, connect_us, tls_us, send_us, wait_us, receive_us,"
    " error_stage, error_code, error_detail, client, upstream_address, upstream_reused,"
    " tls_version, tls_cipher, peer_cert_sha256, request_version, response_version,"
    " reason, path, query,"
    " request_headers, request_trailers, response_headers, response_trailers, ";

/// Takes one column after another.
class Columns {
 public:
  explicit Columns(const Statement& row) : row_(row) {}
  std::int64_t integer() { return row_.integer(at_++); }
  std::string text() { return std::string(row_.text(at_++)); }
  std::string bytes() { return from_utf8(row_.text(at_++)); }
  template <class T = std::int64_t>
  std::optional<T> optional_integer() {
    const int at = at_++;
    return row_.is_null(at) ? std::nullopt : std::optional(static_cast<T>(row_.integer(at)));
  }
  std::optional<std::string> optional_bytes() {
    const int at = at_++;
    return row_.is_null(at) ? std::nullopt : std::optional(from_utf8(row_.text(at)));
  }
  http::Fields fields() {
    const int at = at_++;
    return row_.is_null(at) ? http::Fields() : parse_header_json(row_.text(at));
  }

 private:
  const Statement& row_;
  int at_ = 0;
};

}  // namespace

ExchangeCursor::ExchangeCursor(Database& log, const Filter& filter)
    : rows_(log.prepare(std::string(kColumns) + redacted_column(log) + " FROM exchange WHERE " +
                        filter.condition() + " ORDER BY id")) {
  filter.bind(rows_, 1);
}

bool ExchangeCursor::next(LoggedExchange& exchange) {
  if (!rows_.step()) return false;
  Columns columns(rows_);
  exchange = {};
  Exchange& row = exchange.row;
  exchange.id = columns.integer();
  exchange.session = columns.text();
  row.started_at = columns.integer();
  row.state = state_named(columns.text()).value_or(State::failed);
  row.mode = mode_named(columns.text()).value_or(Mode::forward);
  row.method = columns.bytes();
  row.scheme = columns.text();
  row.host = columns.text();
  row.port = columns.optional_integer<int>();
  row.status = columns.optional_integer<int>();
  row.request_size = columns.integer();
  row.response_size = columns.integer();
  exchange.request_body = columns.optional_integer();
  exchange.response_body = columns.optional_integer();
  Timings& timings = row.timings;
  for (auto* timing : {&timings.total_us, &timings.dns_us, &timings.connect_us, &timings.tls_us,
                       &timings.send_us, &timings.wait_us, &timings.receive_us}) {
    *timing = columns.optional_integer();
  }
  row.error_stage = columns.text();
  row.error_code = columns.text();
  row.error_detail = columns.text();
  row.client = columns.text();
  row.upstream_address = columns.text();
  row.upstream_reused = columns.optional_integer<bool>();
  row.tls_version = columns.text();
  row.tls_cipher = columns.text();
  row.peer_cert_sha256 = columns.text();
  row.request_version = columns.text();
  row.response_version = columns.text();
  row.reason = columns.bytes();
  row.path = columns.bytes();
  row.query = columns.optional_bytes();
  row.request_headers = columns.fields();
  row.request_trailers = columns.fields();
  row.response_headers = columns.fields();
  row.response_trailers = columns.fields();
  row.redacted = columns.text();
  return true;
}

}  // namespace tapedeck::storage
