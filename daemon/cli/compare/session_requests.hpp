#pragma once

#include <string>
#include <vector>

#include "client/http/result.hpp"
#include "storage/compare/pairing.hpp"
#include "storage/match/rules.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::cli {

/// Every request of the sessions of that name, or of the one of that number, in the order they were
/// recorded. Fails with Stage::configure when there is none. Throws SqliteError.
Result<std::vector<storage::Keyed>> session_requests(storage::Database& log,
                                                     const std::string& session,
                                                     const storage::MatchRules& rules);

}  // namespace tapedeck::cli
