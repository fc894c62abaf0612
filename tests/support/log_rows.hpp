#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tapedeck::test {

/// A row of table `exchange` with its bodies. NULL is "" in text and -1 in numbers.
struct Row {
  std::int64_t started_at = -1;
  std::string state;
  std::string mode;
  std::string method;
  std::string scheme;
  std::string host;
  std::int64_t port = -1;
  std::string path;
  std::string query;
  std::string client;
  std::string request_headers;   ///< JSON
  std::string request_trailers;  ///< JSON
  std::int64_t request_size = -1;
  std::string request_body;
  std::int64_t status = -1;
  std::string response_version;
  std::string response_headers;
  std::string response_trailers;
  std::int64_t response_size = -1;
  std::string response_body;
  std::string error_stage;
  std::string error_code;
  std::string error_detail;
  std::string upstream_address;
  std::int64_t upstream_reused = -1;
  std::string tls_version;
  std::string tls_cipher;
  std::string peer_cert_sha256;
  std::string tls_sni;
  std::string tls_alpn;
  std::int64_t replay_of = -1;
  std::int64_t tls_us = -1;
  std::int64_t total_us = -1;

  /// "STATE STATUS", and " STAGE CODE" when there was an error: what most tests ask.
  std::string outcome() const;
};

/// The log as another process would read it.
class LogRows {
 public:
  /// Rows in the order of their beginning.
  static LogRows read(const std::string& database);
  /// The same once `count` rows that are not `open` are committed; throws when they do not come.
  static LogRows await(const std::string& database, std::size_t count);

  /// The one row there is, `open`, once it is as `wanted` says; throws when that does not come.
  static Row await_open(const std::string& database, const std::function<bool(const Row&)>& wanted);

  /// The one row there is; throws when there are more.
  const Row& only() const;
  std::size_t size() const noexcept { return rows_.size(); }
  const Row& operator[](std::size_t index) const { return rows_.at(index); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  std::vector<Row> rows_;
};

/// How many rows are committed in that state.
std::size_t count_rows(const std::string& database, const std::string& state);

}  // namespace tapedeck::test
