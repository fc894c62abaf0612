#pragma once

#include "daemon/exchange.hpp"
#include "daemon/fault/faults.hpp"

namespace tapedeck {

class Session;

/// Lets a strike befall an exchange. False when that ended it: its row says `fault` and the rule.
net::Awaitable<bool> survives(Session& session, Exchange& exchange, Strike strike);

}  // namespace tapedeck
