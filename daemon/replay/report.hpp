#pragma once

#include <string>
#include <vector>

#include "daemon/replay/tape.hpp"

namespace tapedeck {

/// What a replay came to, as lines for people: how much was served, each miss with its reason and,
/// with `list_unused`, what was recorded and never asked for.
std::vector<std::string> replay_report(const Tape::Summary& summary, bool list_unused);

}  // namespace tapedeck
