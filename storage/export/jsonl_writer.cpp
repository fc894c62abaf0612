#include "storage/export/jsonl_writer.hpp"

#include "storage/export/har_error.hpp"
#include "storage/export/target.hpp"
#include "storage/export/timestamp.hpp"

namespace tapedeck::storage {

void JsonlWriter::write(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  json_.begin_object();
  json_.key("method").bytes(row.method);
  json_.key("url").bytes(url_of(row));
  json_.key("status");
  row.status ? json_.integer(*row.status) : json_.null();
  json_.key("state").text(to_string(row.state));
  if (const std::string error = error_text(row); !error.empty()) json_.key("error").text(error);
  json_.key("mode").text(to_string(row.mode));
  write_message(Side::request, exchange);
  if (row.status) write_message(Side::response, exchange);
  write_circumstances(exchange);
  json_.end_object();
  json_.end_line();
}

void JsonlWriter::write_message(Side side, const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  const bool request = side == Side::request;
  const http::Fields& headers = request ? row.request_headers : row.response_headers;
  json_.key(request ? "request" : "response").begin_object();
  json_.key("version").text(request ? row.request_version : row.response_version);
  if (!request) json_.key("reason").bytes(row.reason);
  write_fields("headers", headers);
  json_.key("size").integer(request ? row.request_size : row.response_size);
  body_.open(request ? exchange.request_body : exchange.response_body,
             headers.joined("Content-Encoding").value_or(""));
  if (body_.present()) {
    if (body_.decoded()) json_.key("decoded").boolean(true);
    json_.key(body_.utf8() ? "text" : "base64");
    body_.write(json_);
  }
  const http::Fields& trailers = request ? row.request_trailers : row.response_trailers;
  if (!trailers.empty()) write_fields("trailers", trailers);
  json_.end_object();
}

void JsonlWriter::write_fields(std::string_view key, const http::Fields& fields) {
  json_.key(key).begin_array();
  for (const auto& [name, value] : fields) {
    json_.begin_array();
    json_.bytes(name);
    json_.bytes(value);
    json_.end_array();
  }
  json_.end_array();
}

void JsonlWriter::write_circumstances(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) json_.key(name).text(value);
  };
  const auto duration = [&](std::string_view name, std::optional<std::int64_t> microseconds) {
    if (microseconds) json_.key(name).integer(*microseconds);
  };
  text("tls_version", row.tls_version);
  text("tls_cipher", row.tls_cipher);
  text("peer_cert_sha256", row.peer_cert_sha256);
  text("redacted", row.redacted);
  json_.key("id").integer(exchange.id);
  json_.key("session").text(exchange.session);
  json_.key("started").text(to_iso8601(row.started_at));
  text("client", row.client);
  text("upstream_address", row.upstream_address);
  if (row.upstream_reused) json_.key("upstream_reused").boolean(*row.upstream_reused);
  duration("dns_us", row.timings.dns_us);
  duration("connect_us", row.timings.connect_us);
  duration("tls_us", row.timings.tls_us);
  duration("send_us", row.timings.send_us);
  duration("wait_us", row.timings.wait_us);
  duration("receive_us", row.timings.receive_us);
  duration("total_us", row.timings.total_us);
}

}  // namespace tapedeck::storage
