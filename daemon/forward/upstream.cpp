#include "daemon/forward/upstream.hpp"

#include <asio/ip/address.hpp>

#include "client/net/error.hpp"
#include "client/open.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/hex.hpp"
#include "daemon/replay/error.hpp"

namespace tapedeck {
namespace {

void describe(const client::PooledConnection& connection, storage::Exchange& row) {
  row.upstream_address = connection.address;
  row.upstream_reused = connection.reused;
  if (const net::TlsFacts* const tls = connection.stream.tls()) {
    row.tls_version = tls->version;
    row.tls_cipher = tls->cipher;
    row.peer_cert_sha256 = hex(tls->peer_certificate);
    if (!tls->verified) row.error_detail = "insecure: the server's certificate was not verified";
  }
}

/// Why nothing may be sent to what the request itself names; "" when it may. What a name leads to
/// is looked at when it is known.
std::string why_not(const Session& session, const http::Authority& to) {
  if (session.settings->blocks(*to.port)) {
    return "port " + std::to_string(*to.port) + " is one of blocked_ports";
  }
  std::error_code not_literal;
  const auto address = asio::ip::make_address(to.host, not_literal);
  if (!not_literal && session.settings->denies({address, *to.port}, session.client)) {
    return to.host + " is one of deny_upstream";
  }
  return {};
}

}  // namespace

const client::Proxy* plain_proxy(const Settings& settings, const http::Url& url) {
  const client::Proxy* const proxy = settings.detours.proxy_for(url.authority.host, url.port());
  const bool plain = url.scheme == "http" && proxy != nullptr;
  return plain && proxy->kind == client::Proxy::Kind::http ? proxy : nullptr;
}

net::Awaitable<Result<std::unique_ptr<client::PooledConnection>>> connect_upstream(
    Session& session, const Route& route, storage::Exchange& row, bool fresh) {
  Worker& worker = session.worker;
  const http::Url& url = route.url;
  const auto settings = session.settings;
  const client::Proxy* const proxy = settings->detours.proxy_for(url.authority.host, url.port());
  const auto permitted = [&settings, client = session.client](const net::Endpoint& to) {
    return !settings->denies(to, client);
  };

  const bool forwarding = route.kind == Route::Kind::forward;
  if (forwarding && !fresh && !route.dial_to) {
    auto connection = worker.pool.take(url.origin());
    // It may have been opened for a client of this machine, who may go where another may not.
    if (connection && (proxy != nullptr || session.client.address().is_loopback() ||
                       permitted(connection->stream.peer_endpoint()))) {
      describe(*connection, row);
      co_return std::move(connection);
    }
  }
  const Services& services = worker.services;
  if (services.offline) {
    co_return Failure{ReplayError::offline, Stage::replay, Blame::remote,
                      url.authority.to_string()};
  }
  http::Authority target = route.dial_to ? *route.dial_to : url.authority;
  if (!target.port) target.port = url.port();
  if (std::string why = why_not(session, target); !why.empty()) {
    co_return Failure{net::Error::denied, Stage::connect, Blame::local, std::move(why)};
  }
  client::Destination destination{.origin = url.origin(), .dial_to = std::move(target)};
  if (forwarding && url.scheme == "https") {
    destination.tls = settings->trust.context_for(url.authority.host, url.port());
  }
  const config::Limits& limits = settings->options.limits;
  client::OpenOptions options;
  options.dial.resolve = limits.resolve_timeout;
  options.dial.connect = limits.connect_timeout;
  options.tls_timeout = limits.tls_timeout;
  options.limits = settings->http_limits;
  if (proxy != nullptr) {
    proxy->lead(destination, !forwarding || destination.tls != nullptr);
  } else {
    const http::Authority& to = destination.dial_to;
    if (const std::string* const address = settings->detours.address_for(to.host, *to.port)) {
      destination.dial_to.host = *address;
    }
    options.dial.permitted = permitted;
  }
  options.approve = [&services, &row](const net::Stream& stream) -> Result<void> {
    row.upstream_address = stream.peer_address();
    if (!services.is_self(stream.peer_endpoint(), stream.local_endpoint())) return {};
    return Failure{net::Error::loop, Stage::connect, Blame::remote, row.upstream_address};
  };
  client::Trace no_trace;
  auto opened = co_await client::open(std::move(destination), std::move(options), worker.watchdog,
                                      worker.context.get_executor(), std::move(no_trace));
  if (!opened) co_return std::move(opened).error();
  row.timings.dns_us = opened->dns_us;
  row.timings.connect_us = opened->connect_us;
  row.timings.tls_us = opened->tls_us;
  describe(*opened->connection, row);
  co_return std::move(opened->connection);
}

}  // namespace tapedeck
