#pragma once

#include "daemon/exchange.hpp"
#include "daemon/fault/faults.hpp"

namespace tapedeck {

class Session;

/// Lets a strike befall an exchange. False when that ended it: its row says `fault` and the rule.
net::Awaitable<bool> survives(Session& session, Exchange& exchange, Strike strike);

/// Waits for that long. False when the proxy's stopping ended it.
net::Awaitable<bool> hold_up(Session& session, std::chrono::microseconds delay);

}  // namespace tapedeck
