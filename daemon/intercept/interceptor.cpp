#include "daemon/intercept/interceptor.hpp"

#include <algorithm>
#include <array>

#include "client/net/error.hpp"
#include "client/net/one_shot.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/forward/tunnel.hpp"
#include "daemon/forward/upstream.hpp"
#include "daemon/intercept/authority.hpp"
#include "daemon/intercept/host_pattern.hpp"
#include "daemon/log.hpp"

namespace tapedeck {
namespace {

/// A client that says nothing for this long may be waiting for the server to speak.
constexpr std::chrono::milliseconds kSilence{500};
constexpr std::size_t kHelloRead = std::size_t{4} * 1024;

/// A client that offers protocols, and not ours, is better relayed than turned away.
bool speaks_http11(const std::vector<std::string>& alpn) {
  return alpn.empty() || std::find(alpn.begin(), alpn.end(), "http/1.1") != alpn.end();
}

}  // namespace

Interceptor::Interceptor(Session& session, Exchange& exchange, Route route)
    : session_(session), exchange_(exchange), route_(std::move(route)) {}

net::Awaitable<void> Interceptor::run() {
  const http::Authority& target = route_.url.authority;
  if (session_.worker.services.passes_through(*session_.settings, target.host, *target.port)) {
    Tunnel tunnel(session_, exchange_, std::move(route_));
    co_await tunnel.run();
    co_return;
  }
  // An exchange of its own only when nothing follows inside.
  session_.set_recording(nullptr);
  Result<void> heard;
  if (auto ahead = co_await grant_tunnel(session_, exchange_)) {
    received_ = *std::move(ahead);
    heard = co_await hear();
  } else {
    heard = std::move(ahead).error();
  }
  if (!heard) {
    Failure failure = std::move(heard).error();
    co_await exchange_.fail(std::move(failure));
    co_return;
  }
  note_opening(opening_, exchange_.row());
  if (opening_.kind == Opening::Kind::http) {
    upstream_.reset();
    enter("http");
  } else if (opening_.kind == Opening::Kind::tls && intercepted()) {
    upstream_.reset();
    co_await go_on_inside_tls();
  } else {
    co_await relay();
  }
}

/// Reads until it is clear what the client speaks, or that it waits for the server.
net::Awaitable<Result<void>> Interceptor::hear() {
  std::array<char, kHelloRead> piece;
  while (true) {
    opening_ = recognize(received_);
    if (opening_.kind != Opening::Kind::incomplete) co_return Result<void>{};
    const bool server_may_speak = received_.empty() && !session_.worker.services.offline;
    if (server_may_speak) {
      session_.deadline.arm(kSilence);
    } else {
      session_.deadline.arm(session_.settings->options.limits.header_timeout);
    }
    const net::IoResult read = co_await session_.stream.read_some(piece);
    session_.deadline.disarm();
    received_.append(piece.data(), read.size);
    if (!read.error) continue;
    if (session_.deadline.expired() && server_may_speak) {
      auto spoken = co_await wait_for_either();
      if (!spoken || opening_.kind == Opening::Kind::other) co_return spoken;
      continue;
    }
    co_return Failure{session_.deadline.expired() ? net::Error::timed_out : read.error,
                      Stage::respond, Blame::remote,
                      "the client left the tunnel before it was clear what it speaks"};
  }
}

/// Dials the server and waits for whoever speaks first. A server that does makes it a tunnel.
net::Awaitable<Result<void>> Interceptor::wait_for_either() {
  auto connected = co_await connect_upstream(session_, route_, exchange_.row(), true);
  if (!connected) co_return std::move(connected).error();
  upstream_ = *std::move(connected);
  // Shared: the loser's handler runs after the winner has resumed this coroutine.
  enum class Who { client, server };
  const auto first = std::make_shared<net::OneShot<Who>>();
  session_.stream.socket().async_wait(net::Socket::wait_read,
                                      [first](std::error_code) { first->deliver(Who::client); });
  upstream_->stream.socket().async_wait(net::Socket::wait_read,
                                        [first](std::error_code) { first->deliver(Who::server); });
  const Who who = co_await first->take();
  session_.stream.cancel();
  upstream_->stream.cancel();
  if (who == Who::server) opening_.kind = Opening::Kind::other;
  co_return Result<void>{};
}

/// By the name in the ClientHello as well as by the one in CONNECT.
bool Interceptor::intercepted() const {
  const Services& services = session_.worker.services;
  const Settings& settings = *session_.settings;
  const http::Authority& target = route_.url.authority;
  const std::string& name = opening_.server_name;
  const bool named = !name.empty() && name != target.host;
  if (named && services.passes_through(settings, name, *target.port)) return false;
  if (!speaks_http11(opening_.alpn)) {
    log::get(log::Component::tls)
        .info("{}: the client does not offer http/1.1: relayed unread", log::escape(target.host));
    return false;
  }
  return settings.intercepts(target.host, *target.port) ||
         (named && settings.intercepts(name, *target.port));
}

net::Awaitable<void> Interceptor::go_on_inside_tls() {
  const Settings& settings = *session_.settings;
  http::Authority& target = route_.url.authority;
  // The name asked for is the one to verify the server by; where to find it, CONNECT has said.
  if (!opening_.server_name.empty() && Authority::names_a_host(opening_.server_name) &&
      http::to_lower(opening_.server_name) != http::to_lower(target.host)) {
    route_.dial_to = target;
    target.host = opening_.server_name;
    target.ipv6_literal = false;
  }
  const std::string host = target.host;
  if (!Authority::names_a_host(host)) {
    co_await relay();
    co_return;
  }
  const Authority::Leaf leaf = settings.authority->leaf_for(host);
  session_.deadline.arm(settings.options.limits.tls_timeout);
  std::string received = std::move(received_);
  std::error_code error = co_await session_.stream.accept_tls(*settings.acceptor, leaf.identity(),
                                                              host, std::move(received));
  session_.deadline.disarm();
  if (!error) {
    enter("https");
    co_return;
  }
  if (session_.deadline.expired()) error = net::Error::timed_out;
  Failure failure{
      error, Stage::tls, Blame::remote,
      "the client, shown a certificate of tapedeck's for " + host + ": " + session_.stream.why()};
  if (error == net::Error::tls_alert) note_refusal(host, failure);
  exchange_.set_failure(failure);
  co_await exchange_.finish(storage::State::failed);
  session_.stream.close();
}

void Interceptor::note_refusal(const std::string& host, const Failure& failure) {
  const std::string name = log::escape(host);
  const unsigned refusals = session_.worker.services.refusals.add(host);
  if (refusals != 2) {
    log::get(log::Component::tls).info("{}: {}", name, log::escape(failure.to_string()));
    return;
  }
  log::get(log::Component::tls)
      .warn(
          "{} refused our certificate twice: let the client trust the CA (tapedeck ca path, "
          "tapedeck ca install), or relay it unread with --passthrough {}",
          name, name);
}

net::Awaitable<void> Interceptor::relay() {
  session_.set_recording(&exchange_.recording);
  Tunnel tunnel(session_, exchange_, std::move(route_));
  tunnel.granted(std::move(received_), std::move(upstream_));
  co_await tunnel.run();
}

void Interceptor::enter(std::string scheme) {
  TunnelEnd end;
  end.url.scheme = std::move(scheme);
  end.url.authority = route_.url.authority;
  if (end.url.authority.port == http::default_port(end.url.scheme)) end.url.authority.port.reset();
  end.dial_to = route_.dial_to;
  session_.enter(std::move(end), std::move(received_), std::move(exchange_.recording));
}

}  // namespace tapedeck
