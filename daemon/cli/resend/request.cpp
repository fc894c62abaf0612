#include "daemon/cli/resend/request.hpp"

#include <memory>
#include <utility>

#include "client/http/hop_by_hop.hpp"
#include "storage/header_json.hpp"
#include "storage/query/recorded.hpp"
#include "storage/redact/token_key.hpp"

namespace tapedeck::resend {
namespace {

/// "/base/" before "/v1/items" is "/base/v1/items".
std::string joined(std::string_view base, const std::string& path) {
  if (path == "*") return path;
  while (base.ends_with('/')) base.remove_suffix(1);
  return std::string(base) + (path.empty() ? "/" : path);
}

void change_headers(http::Fields& headers, const Request& request, const Job& job) {
  http::remove_hop_by_hop(headers);
  headers.remove("Content-Length");
  // The recorded one may name the proxy, as with --reverse and the gateway.
  headers.set("Host", request.url.authority.to_string());
  // A server would take a token for a wrong password.
  headers.remove_if(
      [](const http::Fields::Line& line) { return storage::holds_token(line.value); });
  for (const std::string& name : job.no_headers) headers.remove(name);
  for (const auto& [name, value] : job.set_headers) headers.remove(name);
  for (const auto& [name, value] : job.set_headers) headers.add(name, value);
  if (request.body_size > 0) headers.set("Content-Length", std::to_string(request.body_size));
}

}  // namespace

std::optional<Request> read_request(storage::Database& log, std::int64_t id, const Job& job) {
  storage::Statement row = log.prepare(
      "SELECT method, scheme, host, port, path, query, request_headers, request_body_id,"
      " request_size FROM exchange WHERE id = ?1");
  if (!row.bind(1, id).step()) return std::nullopt;
  Request request;
  request.method = row.text(0);
  http::Url& url = request.url;
  if (job.against) {
    url.scheme = job.against->scheme;
    url.authority = job.against->authority;
  } else {
    url.scheme = row.text(1);
    url.authority.host = row.text(2);
    const auto port = static_cast<std::uint16_t>(row.integer(3));
    if (port != http::default_port(url.scheme)) url.authority.port = port;
    url.authority.ipv6_literal = url.authority.host.find(':') != std::string::npos;
  }
  url.path = joined(job.against ? job.against->path : "", std::string(row.text(4)));
  if (!row.is_null(5)) url.query = row.text(5);
  request.headers = storage::parse_header_json(row.text(6));
  request.body_id = row.integer(7);
  request.body_size = static_cast<std::uint64_t>(row.integer(8));
  change_headers(request.headers, request, job);
  return request;
}

client::Body body_of(storage::Database& log, const Request& request,
                     std::function<void(std::span<const char>)> tee) {
  if (request.body_size == 0) return {};
  // A generator is copied with its body: the pieces are shared, and given once.
  const auto pieces = std::make_shared<storage::BodyPieces>(log, request.body_id);
  return client::Body::generated(
      [pieces, tee = std::move(tee)]() -> std::optional<std::string> {
        const auto piece = pieces->next();
        if (!piece) return std::nullopt;
        tee(*piece);
        return std::string(*piece);
      },
      request.body_size);
}

}  // namespace tapedeck::resend
