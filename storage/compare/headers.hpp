#pragma once

#include <string_view>

#include "client/http/fields.hpp"
#include "storage/compare/comparison.hpp"
#include "storage/match/rules.hpp"

namespace tapedeck::storage {

/// True for header fields that differ from one answer to the next without meaning anything: clocks,
/// connections, framing, the names of requests and of the machines they came through.
bool varies_by_nature(std::string_view name);

/// Adds where two header sections differ, name by name. The order of names does not count, that of
/// values under one name does. Of Set-Cookie, the cookies' names and attributes count, not their
/// values and dates.
void compare_headers(const http::Fields& before, const http::Fields& after,
                     const MatchRules::Scope& rules, Comparison& comparison);

}  // namespace tapedeck::storage
