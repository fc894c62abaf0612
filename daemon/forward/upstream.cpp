#include "daemon/forward/upstream.hpp"

#include "client/net/error.hpp"
#include "client/open.hpp"
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

}  // namespace

net::Awaitable<Result<std::unique_ptr<client::PooledConnection>>> connect_upstream(
    Worker& worker, const Route& route, storage::Exchange& row, bool fresh) {
  const http::Url& url = route.url;
  const bool forwarding = route.kind == Route::Kind::forward;
  if (forwarding && !fresh && !route.dial_to) {
    if (auto connection = worker.pool.take(url.origin())) {
      describe(*connection, row);
      co_return std::move(connection);
    }
  }
  const Services& services = worker.services;
  if (services.offline) {
    co_return Failure{ReplayError::offline, Stage::replay, Blame::remote,
                      url.authority.to_string()};
  }
  const auto settings = worker.settings;
  const config::Limits& limits = settings->options.limits;
  if (settings->blocks(route.dial_to ? *route.dial_to->port : url.port())) {
    co_return Failure{net::Error::denied, Stage::connect, Blame::local,
                      "port " + std::to_string(url.port()) + " is one of blocked_ports"};
  }
  client::Destination destination{.origin = url.origin(), .dial_to = url.authority};
  destination.dial_to.port = url.port();
  if (route.dial_to) destination.dial_to = *route.dial_to;
  if (forwarding && url.scheme == "https") {
    destination.tls = settings->trust.context_for(url.authority.host, url.port());
  }
  client::OpenOptions options;
  options.dial.resolve = limits.resolve_timeout;
  options.dial.connect = limits.connect_timeout;
  options.tls_timeout = limits.tls_timeout;
  options.limits = settings->http_limits;
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
