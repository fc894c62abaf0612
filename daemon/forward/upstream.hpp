#pragma once

#include <memory>

#include "client/connection_pool.hpp"
#include "daemon/exchange.hpp"
#include "daemon/worker.hpp"

namespace tapedeck {

class Session;

/// A connection to where the route leads: from the pool unless `fresh`, else dialed, by way of
/// another proxy where --upstream-proxy says so. Fills the row's upstream columns and timings.
/// Never one that leads back to ourselves, nor to an address that the client may not reach.
net::Awaitable<Result<std::unique_ptr<client::PooledConnection>>> connect_upstream(
    Session& session, const Route& route, storage::Exchange& row, bool fresh);

/// The proxy that a forwarded request is addressed to in absolute-form, with its credentials (RFC
/// 9112 section 3.2.2); null: it goes to the origin, or through a tunnel.
const client::Proxy* plain_proxy(const Settings& settings, const http::Url& url);

}  // namespace tapedeck
