#include "storage/export/har_writer.hpp"

#include <algorithm>

#include "client/http/grammar.hpp"
#include "storage/export/cookies.hpp"
#include "storage/export/har_error.hpp"
#include "storage/export/target.hpp"
#include "storage/export/timestamp.hpp"
#include "storage/export/undone_coding.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

std::string_view value_of(const http::Fields& fields, std::string_view name) {
  return fields.get(name).value_or("");
}

/// "192.0.2.1:80" and "[::1]:80" without the port and the brackets.
std::string_view address_of(std::string_view upstream) {
  std::string_view address = upstream.substr(0, upstream.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  return address;
}

/// What the stages took together; empty where none was measured.
std::optional<std::int64_t> sum_of_stages(const Timings& timings) {
  std::optional<std::int64_t> sum;
  for (const auto& stage : {timings.dns_us, timings.connect_us, timings.tls_us, timings.send_us,
                            timings.wait_us, timings.receive_us}) {
    if (stage) sum = sum.value_or(0) + *stage;
  }
  return sum;
}

}  // namespace

HarWriter::HarWriter(Database& log, Decode decode, Out out, std::string version)
    : json_(std::move(out)), body_(log, std::move(decode)), version_(std::move(version)) {}

void HarWriter::begin() {
  json_.begin_object();
  json_.key("log").begin_object();
  json_.key("version").text("1.2");
  json_.key("creator").begin_object();
  json_.key("name").text("tapedeck");
  json_.key("version").text(version_);
  json_.end_object();
  json_.key("entries").begin_array();
}

void HarWriter::write(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  json_.begin_entry();
  json_.key("startedDateTime").text(to_iso8601(row.started_at));
  json_.key("time").milliseconds(
      row.timings.total_us.value_or(sum_of_stages(row.timings).value_or(0)));
  write_request(exchange);
  write_response(exchange);
  json_.key("cache").begin_object();
  json_.end_object();
  write_timings(row.timings);
  if (!row.upstream_address.empty()) {
    json_.key("serverIPAddress").text(address_of(row.upstream_address));
  }
  if (const std::size_t colon = row.client.rfind(':'); colon != std::string::npos) {
    json_.key("connection").text(row.client.substr(colon + 1));
  }
  write_own(row);
  json_.end_object();
}

void HarWriter::end() {
  json_.end_line();
  json_.end_array();
  json_.end_object();
  json_.end_object();
  json_.end_line();
  json_.flush();
}

void HarWriter::write_request(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  json_.key("request").begin_object();
  json_.key("method").bytes(row.method);
  json_.key("url").bytes(url_of(row));
  json_.key("httpVersion").text(row.request_version);
  json_.key("cookies");
  write_request_cookies(json_, row.request_headers);
  write_fields("headers", row.request_headers);
  write_pairs("queryString", row.query.value_or(""));
  if (exchange.request_body) write_post_data(exchange);
  json_.key("headersSize").integer(-1);
  json_.key("bodySize").integer(row.request_size);
  if (!row.request_trailers.empty()) write_fields("_tapedeckTrailers", row.request_trailers);
  json_.end_object();
}

void HarWriter::write_post_data(const LoggedExchange& exchange) {
  const std::string_view type = value_of(exchange.row.request_headers, "Content-Type");
  // HAR's postData knows no encoding and no coding: the text is what was sent.
  body_.open(exchange.request_body, "");
  json_.key("postData").begin_object();
  json_.key("mimeType").bytes(type);
  const std::string_view essence = http::trim(type.substr(0, type.find(';')));
  if (http::iequals(essence, kForm) && body_.utf8() && body_.held()) {
    write_pairs("params", *body_.held());
  }
  if (!body_.utf8()) json_.key("_tapedeckEncoding").text("base64");
  json_.key("text");
  body_.write(json_);
  json_.end_object();
}

void HarWriter::write_response(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  json_.key("response").begin_object();
  json_.key("status").integer(row.status.value_or(0));
  json_.key("statusText").bytes(row.reason);
  json_.key("httpVersion").text(row.response_version);
  json_.key("cookies");
  write_response_cookies(json_, row.response_headers);
  http::Fields headers = row.response_headers;
  restore_coding(headers);
  write_fields("headers", headers);
  write_content(exchange);
  json_.key("redirectURL").bytes(value_of(headers, "Location"));
  json_.key("headersSize").integer(-1);
  json_.key("bodySize").integer(row.response_size);
  if (!row.response_trailers.empty()) write_fields("_tapedeckTrailers", row.response_trailers);
  if (const std::string error = error_text(row); !error.empty()) json_.key("_error").text(error);
  json_.end_object();
}

void HarWriter::write_content(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  body_.open(exchange.response_body, row.response_headers.joined("Content-Encoding").value_or(""));
  json_.key("content").begin_object();
  json_.key("mimeType").bytes(value_of(row.response_headers, "Content-Type"));
  std::int64_t size = row.response_size;
  if (body_.present()) {
    if (!body_.utf8()) json_.key("encoding").text("base64");
    json_.key("text");
    size = static_cast<std::int64_t>(body_.write(json_));
  }
  json_.key("size").integer(size);
  if (size != row.response_size) json_.key("compression").integer(size - row.response_size);
  if (body_.decoded()) {
    json_.key("_tapedeckRecorded");
    body_.write_recorded(json_);
  }
  if (body_.still_coded()) json_.key("_tapedeckUndecoded").boolean(true);
  json_.end_object();
}

void HarWriter::write_fields(std::string_view key, const http::Fields& fields) {
  json_.key(key).begin_array();
  for (const auto& [name, value] : fields) {
    json_.begin_object();
    json_.key("name").bytes(name);
    json_.key("value").bytes(value);
    json_.end_object();
  }
  json_.end_array();
}

void HarWriter::write_pairs(std::string_view key, std::string_view query) {
  json_.key(key).begin_array();
  for (const auto& [name, value] : decoded_pairs(query)) {
    json_.begin_object();
    json_.key("name").text(name);
    json_.key("value").text(value);
    json_.end_object();
  }
  json_.end_array();
}

void HarWriter::write_timings(const Timings& timings) {
  const auto stage = [&](std::string_view name, std::optional<std::int64_t> microseconds) {
    json_.key(name);
    microseconds ? json_.milliseconds(*microseconds) : json_.integer(-1);
  };
  // HAR wants the stages to add up; what no stage accounts for was spent waiting for its turn.
  const std::int64_t unaccounted =
      timings.total_us.value_or(0) - sum_of_stages(timings).value_or(0);
  // HAR's connect includes its ssl.
  auto connect = timings.connect_us;
  if (timings.tls_us) connect = connect.value_or(0) + *timings.tls_us;
  json_.key("timings").begin_object();
  stage("blocked", unaccounted > 0 ? std::optional(unaccounted) : std::nullopt);
  stage("dns", timings.dns_us);
  stage("connect", connect);
  stage("ssl", timings.tls_us);
  stage("send", timings.send_us);
  stage("wait", timings.wait_us);
  stage("receive", timings.receive_us);
  json_.end_object();
}

/// The columns that HAR has no place for.
void HarWriter::write_own(const Exchange& row) {
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json_.key(name).text(value);
  };
  json_.key("_tapedeck").begin_object();
  text("mode", to_string(row.mode));
  text("state", to_string(row.state));
  text("client", row.client);
  text("upstream", row.upstream_address);
  if (row.upstream_reused) json_.key("upstreamReused").boolean(*row.upstream_reused);
  text("tlsVersion", row.tls_version);
  text("tlsCipher", row.tls_cipher);
  text("peerCertSha256", row.peer_cert_sha256);
  text("redacted", row.redacted);
  if (!url_says_all(row)) {
    json_.key("target").begin_object();
    text("scheme", row.scheme);
    text("host", row.host);
    if (row.port) json_.key("port").integer(*row.port);
    if (!row.path.empty()) json_.key("path").bytes(row.path);
    if (row.query) json_.key("query").bytes(*row.query);
    json_.end_object();
  }
  json_.end_object();
}

}  // namespace tapedeck::storage
