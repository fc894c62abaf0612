#pragma once

#include <memory>
#include <string>

#include "client/connection_pool.hpp"
#include "daemon/exchange.hpp"
#include "daemon/intercept/opening.hpp"
#include "daemon/route/router.hpp"

namespace tapedeck {

class Session;

/// CONNECT to a host whose traffic may be read: it is granted, and what comes first in the tunnel
/// decides.
///
///     TLS, intercepted ─► handshake with a leaf of ours ─► the session goes on inside
///     HTTP             ─► the session goes on inside
///     anything else, silence included ─► a Tunnel
///
/// Going on inside, the CONNECT itself leaves no row once a request came: theirs tell it all.
class Interceptor {
 public:
  Interceptor(Session& session, Exchange& exchange, Route route);

  net::Awaitable<void> run();

 private:
  net::Awaitable<Result<void>> hear();
  net::Awaitable<Result<void>> wait_for_either();
  net::Awaitable<void> go_on_inside_tls();
  net::Awaitable<void> relay();
  bool intercepted() const;
  void enter(std::string scheme);
  void note_refusal(const std::string& host, const Failure& failure);

  Session& session_;
  Exchange& exchange_;
  Route route_;
  std::string received_;  ///< from the client, inside the tunnel
  Opening opening_;
  /// Dialed when the client stays silent: the server may be the one to speak first.
  std::unique_ptr<client::PooledConnection> upstream_;
};

}  // namespace tapedeck
