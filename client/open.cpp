#include "client/open.hpp"

#include <asio/error.hpp>

#include "client/error.hpp"
#include "client/http/error.hpp"
#include "client/net/error.hpp"

namespace tapedeck::client {
namespace {

using EventKind = http::Connection::EventKind;

constexpr std::size_t kHeadRead = 4 * 1024;

void emit(const Trace& trace, TraceEvent::Kind kind, std::string_view text) {
  if (trace) trace({kind, text});
}

/// What is said of an error after the connection was made.
Failure failed(PooledConnection& connection, std::error_code code, Stage stage,
               const http::Origin& origin) {
  if (connection.deadline.expired()) code = net::Error::timed_out;
  if (code == asio::error::eof) code = net::Error::closed;
  std::string detail = origin.to_string();
  if (const std::string why = connection.stream.why(); !why.empty()) detail += ": " + why;
  return {code, stage, Blame::remote, std::move(detail)};
}

/// RFC 9110 section 9.3.6. Reads not a byte beyond the answer's head but what came with it.
net::Awaitable<Result<http::ResponseHead>> open_tunnel(PooledConnection& connection,
                                                       const http::RequestHead& request,
                                                       const http::Origin& origin,
                                                       const Trace& trace) {
  http::Connection http(http::Role::client);
  std::string bytes;
  if (auto ok = http.send_request(request, http::Framing::none(), bytes); !ok) {
    co_return std::move(ok).error();
  }
  if (auto ok = http.send_end({}, bytes); !ok) co_return std::move(ok).error();
  emit(trace, TraceEvent::Kind::sent, bytes);
  if (const auto error = co_await connection.stream.write(bytes); error) {
    co_return failed(connection, error, Stage::connect, origin);
  }
  while (true) {
    auto event = http.next_event();
    if (!event) {
      Failure failure = std::move(event).error();
      failure.stage = Stage::connect;
      failure.detail = "the proxy's answer to CONNECT: " + failure.detail;
      co_return failure;
    }
    if (event->kind == EventKind::response) break;
    if (event->kind == EventKind::interim_response) continue;
    const std::span<char> room = http.prepare(kHeadRead);
    const net::IoResult got = co_await connection.stream.read_some(room);
    emit(trace, TraceEvent::Kind::received, {room.data(), got.size});
    http.commit(got.size);
    if (got.error == asio::error::eof) {
      http.commit_eof();
    } else if (got.error) {
      co_return failed(connection, got.error, Stage::connect, origin);
    }
  }
  http::ResponseHead answer = http.response();
  if (answer.status < 200 || answer.status > 299) {
    co_return Failure{Error::tunnel_refused, Stage::connect, Blame::remote,
                      connection.address + " answered " + std::to_string(answer.status) + " " +
                          answer.reason + " to CONNECT " + request.target};
  }
  if (http.has_leftover()) {
    co_return Failure{http::Error::unexpected_data, Stage::connect, Blame::remote,
                      connection.address + " sent bytes of its own into the tunnel"};
  }
  co_return answer;
}

std::int64_t microseconds_since(net::Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - start).count();
}

std::string describe(const net::TlsFacts& facts, const http::Origin& origin) {
  std::string text = facts.version + " " + facts.cipher;
  if (facts.resumed) text += ", resumed";
  return text + (facts.verified ? ", verified as " + origin.host
                                : ", NOT VERIFIED: whoever answers may be anyone");
}

}  // namespace

http::RequestHead connect_request(const http::Authority& to, http::Fields fields) {
  const std::string authority = to.to_string();
  http::RequestHead head{.method = "CONNECT", .target = authority};
  head.fields.add("Host", authority);
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

net::Awaitable<Result<Opened>> open(Destination destination, OpenOptions options,
                                    net::Watchdog& watchdog, net::Executor executor, Trace trace) {
  auto dialed = co_await net::dial(destination.dial_to.host, *destination.dial_to.port,
                                   options.dial, watchdog, executor);
  if (!dialed) co_return std::move(dialed).error();
  Opened opened;
  opened.dns_us = dialed->dns_us;
  opened.connect_us = dialed->connect_us;
  opened.connection =
      std::make_unique<PooledConnection>(std::move(dialed->stream), options.limits, watchdog);
  PooledConnection& connection = *opened.connection;
  connection.address = std::move(dialed->address);
  emit(trace, TraceEvent::Kind::note,
       "connected to " + connection.address + " from " +
           net::to_string(connection.stream.local_endpoint()));

  if (options.approve) {
    if (auto ok = options.approve(connection.stream); !ok) co_return std::move(ok).error();
  }
  if (destination.socks) {
    connection.deadline.arm(options.tls_timeout);
    auto asked = co_await ask_socks(connection, *std::move(destination.socks));
    connection.deadline.disarm();
    if (!asked) co_return std::move(asked).error();
  }
  if (destination.tunnel) {
    connection.deadline.arm(options.tls_timeout);
    auto answer = co_await open_tunnel(connection, *destination.tunnel, destination.origin, trace);
    connection.deadline.disarm();
    if (!answer) co_return std::move(answer).error();
    opened.tunnel_answer = *std::move(answer);
  }
  if (destination.tls) {
    const auto start = net::Clock::now();
    connection.deadline.arm(options.tls_timeout);
    const http::Origin& origin = destination.origin;
    const std::error_code error =
        co_await connection.stream.start_tls(destination.tls, origin.host, origin.port);
    connection.deadline.disarm();
    if (error) co_return failed(connection, error, Stage::tls, origin);
    opened.tls_us = microseconds_since(start);
    if (trace) emit(trace, TraceEvent::Kind::note, describe(*connection.stream.tls(), origin));
  }
  co_return opened;
}

}  // namespace tapedeck::client
