#pragma once

#include <string>

#include "client/connection_pool.hpp"
#include "client/http/url.hpp"

namespace tapedeck::client {

/// What a SOCKS5 proxy is asked for.
struct SocksRequest {
  http::Authority to;  ///< with its port; a name is resolved by the proxy
  std::string user;    ///< empty: none is offered
  std::string password;
};

/// Asks the SOCKS5 proxy that `connection` leads to for a connection (RFC 1928, RFC 1929): what is
/// written and read afterwards goes to `request.to`. Reads not a byte beyond the proxy's answer.
/// Fails with Stage::connect: Error::tunnel_refused and the proxy's reason, or what went wrong on
/// the way. The caller bounds the time.
net::Awaitable<Result<void>> ask_socks(PooledConnection& connection, SocksRequest request);

}  // namespace tapedeck::client
