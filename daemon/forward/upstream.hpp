#pragma once

#include <memory>

#include "client/connection_pool.hpp"
#include "daemon/exchange.hpp"
#include "daemon/worker.hpp"

namespace tapedeck {

/// A connection to where the route leads: from the pool unless `fresh`, else dialed. Fills the
/// row's upstream columns and timings. Never one that leads back to ourselves.
net::Awaitable<Result<std::unique_ptr<client::PooledConnection>>> connect_upstream(
    Worker& worker, const Route& route, storage::Exchange& row, bool fresh);

}  // namespace tapedeck
