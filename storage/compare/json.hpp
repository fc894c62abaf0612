#pragma once

#include <string_view>

#include "storage/compare/comparison.hpp"
#include "storage/match/rules.hpp"

namespace tapedeck::storage {

/// Adds where two JSON texts differ, a path each: "$.items[3].price", 10, 12. The order of keys
/// does not count; a number counts as it is written, so that no digit is lost. False, with nothing
/// added, when one of them is no JSON.
bool compare_json(std::string_view before, std::string_view after, const MatchRules::Scope& rules,
                  Comparison& comparison);

}  // namespace tapedeck::storage
