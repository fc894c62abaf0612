#include "daemon/forward/upstream.hpp"

#include "client/net/dialer.hpp"
#include "client/net/error.hpp"

namespace tapedeck {

net::Awaitable<Result<std::unique_ptr<client::PooledConnection>>> connect_upstream(
    Worker& worker, const Route& route, storage::Exchange& row, bool fresh) {
  const http::Url& url = route.url;
  if (route.kind == Route::Kind::forward && url.scheme != "http") {
    co_return Failure{net::Error::unsupported_scheme, Stage::connect, Blame::local,
                      "https:// on a request line; use CONNECT, as clients do for https"};
  }
  const bool poolable = route.kind == Route::Kind::forward;
  if (poolable && !fresh) {
    if (auto connection = worker.pool.take(url.origin())) {
      row.upstream_address = connection->address;
      row.upstream_reused = true;
      co_return std::move(connection);
    }
  }
  const config::Limits& limits = worker.services.options.limits;
  auto dialed =
      co_await net::dial(url.authority.host, url.port(),
                         {.resolve = limits.resolve_timeout, .connect = limits.connect_timeout},
                         worker.watchdog, worker.context.get_executor());
  if (!dialed) co_return std::move(dialed).error();
  row.upstream_address = dialed->address;
  row.upstream_reused = false;
  row.timings.dns_us = dialed->dns_us;
  row.timings.connect_us = dialed->connect_us;
  std::error_code ignored;
  const net::Endpoint peer = dialed->stream.socket().remote_endpoint(ignored);
  if (worker.services.is_self(peer, dialed->stream.local_endpoint())) {
    co_return Failure{net::Error::loop, Stage::connect, Blame::remote, dialed->address};
  }
  auto connection = std::make_unique<client::PooledConnection>(
      std::move(dialed->stream), worker.services.http_limits, worker.watchdog);
  connection->address = std::move(dialed->address);
  co_return std::move(connection);
}

}  // namespace tapedeck
