#pragma once

#include <string>

#include "daemon/inspect/admin.hpp"

namespace tapedeck {

/// One request and its answer, then the connection ends. With a `token`, the peer is on loopback
/// and has to be told from a browser. `reload` outlives it.
net::Awaitable<void> serve_admin(Worker& worker, Admin::Socket socket, std::string token,
                                 const Reload& reload);

}  // namespace tapedeck
