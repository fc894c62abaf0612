#pragma once

#include <memory>
#include <string>

#include "client/connection_pool.hpp"
#include "daemon/exchange.hpp"
#include "daemon/intercept/opening.hpp"
#include "daemon/route/router.hpp"

namespace tapedeck {

class Session;

/// Answers a CONNECT with 200 and notes that in the row. What the client sent ahead of the answer
/// belongs to the tunnel: returned.
net::Awaitable<Result<std::string>> grant_tunnel(Session& session, Exchange& exchange);

/// Notes in the row what a ClientHello asks for and offers.
void note_opening(const Opening& opening, storage::Exchange& row);

/// CONNECT (RFC 9110 section 9.3.6): bytes relayed both ways until either side closes, recorded as
/// one exchange with byte counts.
class Tunnel {
 public:
  Tunnel(Session& session, Exchange& exchange, Route route);

  /// The client has its 200 already and has sent `received` since; `upstream` is open when it is
  /// not null.
  void granted(std::string received, std::unique_ptr<client::PooledConnection> upstream);

  net::Awaitable<void> run();

 private:
  net::Awaitable<Result<void>> open();
  bool overhear(std::string_view bytes);
  void close_both();

  Session& session_;
  Exchange& exchange_;
  Route route_;
  std::unique_ptr<client::PooledConnection> upstream_;
  std::string received_;  ///< sent ahead by the client, for the server
  std::string heard_;     ///< its first bytes, until they tell what it speaks
  bool granted_ = false;
  bool canceled_ = false;
};

}  // namespace tapedeck
