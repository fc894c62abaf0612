#include "tests/support/log_rows.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "storage/sqlite.hpp"
#include "tests/support/peer.hpp"

namespace tapedeck::test {
namespace {

using storage::Database;
using storage::Statement;

constexpr const char* kSelect =
    "SELECT started_at, state, mode, method, scheme, host, port, path, query, client, "
    "request_headers, "
    "request_trailers, request_size, request_body_id, status, response_version, response_headers, "
    "response_trailers, response_size, response_body_id, error_stage, error_code, error_detail, "
    "upstream_address, upstream_reused, tls_version, tls_cipher, peer_cert_sha256, tls_sni, "
    "tls_alpn, replay_of, tls_us, total_us FROM exchange ORDER BY started_at, id";

class Columns {
 public:
  explicit Columns(Statement& statement) : statement_(statement) {}
  std::string text() { return std::string(statement_.text(next_++)); }
  std::int64_t number() {
    const int column = next_++;
    return statement_.is_null(column) ? -1 : statement_.integer(column);
  }

 private:
  Statement& statement_;
  int next_ = 0;
};

std::string read_body(Database& database, std::int64_t id) {
  std::string body;
  Statement pieces = database.prepare(
      "SELECT bytes FROM (SELECT -1 AS seq, bytes FROM body WHERE id = ?1 UNION ALL "
      "SELECT seq, bytes FROM body_chunk WHERE body_id = ?1) ORDER BY seq");
  pieces.bind(1, id);
  while (pieces.step()) {
    const auto bytes = pieces.blob(0);
    body.append(bytes.data(), bytes.size());
  }
  return body;
}

std::int64_t count(Database& database, const std::string& condition) {
  Statement rows = database.prepare("SELECT count(*) FROM exchange WHERE " + condition);
  rows.step();
  return rows.integer(0);
}

/// Asks again and again until `holds`: SQLite tells no other process when it commits.
void poll(const std::function<bool()>& holds, const std::function<std::string()>& complaint) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(complaint());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

std::string Row::outcome() const {
  std::string words = state + " " + (status < 0 ? "-" : std::to_string(status));
  if (!error_stage.empty()) words += " " + error_stage + " " + error_code;
  return words;
}

LogRows LogRows::read(const std::string& path) {
  Database database(path, Database::Access::read_only);
  LogRows log;
  Statement rows = database.prepare(kSelect);
  while (rows.step()) {
    Columns next(rows);
    Row row;
    row.started_at = next.number();
    row.state = next.text();
    row.mode = next.text();
    row.method = next.text();
    row.scheme = next.text();
    row.host = next.text();
    row.port = next.number();
    row.path = next.text();
    row.query = next.text();
    row.client = next.text();
    row.request_headers = next.text();
    row.request_trailers = next.text();
    row.request_size = next.number();
    row.request_body = read_body(database, next.number());
    row.status = next.number();
    row.response_version = next.text();
    row.response_headers = next.text();
    row.response_trailers = next.text();
    row.response_size = next.number();
    row.response_body = read_body(database, next.number());
    row.error_stage = next.text();
    row.error_code = next.text();
    row.error_detail = next.text();
    row.upstream_address = next.text();
    row.upstream_reused = next.number();
    row.tls_version = next.text();
    row.tls_cipher = next.text();
    row.peer_cert_sha256 = next.text();
    row.tls_sni = next.text();
    row.tls_alpn = next.text();
    row.replay_of = next.number();
    row.tls_us = next.number();
    row.total_us = next.number();
    log.rows_.push_back(std::move(row));
  }
  return log;
}

LogRows LogRows::await(const std::string& path, std::size_t wanted) {
  Database database(path, Database::Access::read_only);
  poll([&] { return count(database, "state <> 'open'") >= static_cast<std::int64_t>(wanted); },
       [&] {
         return "the log has " + std::to_string(count(database, "true")) + " rows, expected " +
                std::to_string(wanted);
       });
  return read(path);
}

Row LogRows::await_open(const std::string& path, const std::function<bool(const Row&)>& wanted) {
  Row row;
  poll(
      [&] {
        const LogRows log = read(path);
        if (log.size() == 0) return false;
        row = log.only();
        return row.state == "open" && wanted(row);
      },
      [&] { return "the row is " + row.outcome() + ", not as awaited"; });
  return row;
}

const Row& LogRows::only() const {
  if (rows_.size() != 1) {
    throw std::runtime_error("the log has " + std::to_string(rows_.size()) + " rows, not one");
  }
  return rows_.front();
}

std::size_t count_rows(const std::string& path, const std::string& state) {
  Database database(path, Database::Access::read_only);
  return static_cast<std::size_t>(count(database, "state = '" + state + "'"));
}

}  // namespace tapedeck::test
