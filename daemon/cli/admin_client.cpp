#include "daemon/cli/admin_client.hpp"

#include <filesystem>
#include <fstream>
#include <optional>

#include <asio/connect.hpp>
#include <asio/error.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/write.hpp>

#include "client/http/connection.hpp"
#include "client/net/error.hpp"
#include "daemon/accept/listener.hpp"
#include "daemon/inspect/admin.hpp"

namespace tapedeck::cli {
namespace {

using Endpoint = asio::generic::stream_protocol::endpoint;

Failure no_daemon(const config::Options& options, std::error_code error) {
  return Failure{net::portable(error), Stage::connect, Blame::remote,
                 "no daemon answers for " + options.db};
}

/// Where its door is.
Result<Endpoint> door(const config::Options& options) {
  std::string where = options.admin;
  if (where.empty()) {
    std::error_code error;
    const auto log = std::filesystem::canonical(options.db, error);
    where = default_admin(error ? options.db : log.string());
  }
  if (where.starts_with("unix:")) {
    return Endpoint(asio::local::stream_protocol::endpoint(where.substr(5)));
  }
  if (where.empty() || where == "off") {
    return no_daemon(options, std::make_error_code(std::errc::connection_refused));
  }
  auto endpoint = parse_endpoint(where);
  if (!endpoint) return std::move(endpoint).error();
  return Endpoint(*endpoint);
}

std::string read_token(const std::string& log) {
  std::ifstream file(admin_token_file(log));
  std::string token;
  std::getline(file, token);
  return token;
}

}  // namespace

Result<AdminReply> ask_daemon(const config::Options& options, std::string_view method,
                              std::string_view target, const std::string& body) {
  const auto where = door(options);
  if (!where) return where.error();
  asio::io_context context;
  asio::generic::stream_protocol::socket socket(context);
  std::error_code error;
  socket.connect(*where, error);
  if (error) return no_daemon(options, error);
  http::Connection http(http::Role::client);
  http::RequestHead head;
  head.method = method;
  head.target = target;
  head.fields.add("Host", "localhost");
  head.fields.add("Connection", "close");
  if (const std::string token = read_token(options.db); !token.empty()) {
    head.fields.add("Authorization", "Bearer " + token);
  }
  std::string out;
  const auto framing = body.empty() ? http::Framing::none() : http::Framing::of_length(body.size());
  if (auto ok = http.send_request(head, framing, out); !ok) return std::move(ok).error();
  if (!body.empty()) {
    if (auto ok = http.send_data(body.size()); !ok) return std::move(ok).error();
    out += body;
  }
  if (auto ok = http.send_end({}, out); !ok) return std::move(ok).error();
  asio::write(socket, asio::buffer(out), error);
  if (error) return no_daemon(options, error);
  AdminReply reply;
  while (true) {
    auto event = http.next_event();
    if (!event) return std::move(event).error();
    if (event->kind == http::Connection::EventKind::response) reply.status = http.response().status;
    if (event->kind == http::Connection::EventKind::data) reply.body += event->data;
    if (event->kind == http::Connection::EventKind::end_of_message) return reply;
    if (event->kind != http::Connection::EventKind::need_data) continue;
    const auto room = http.prepare(16 * 1024);
    http.commit(socket.read_some(asio::buffer(room.data(), room.size()), error));
    if (error == asio::error::eof) {
      http.commit_eof();
    } else if (error) {
      return no_daemon(options, error);
    }
  }
}

}  // namespace tapedeck::cli
