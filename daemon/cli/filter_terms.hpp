#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/http/result.hpp"
#include "storage/query/filter.hpp"

namespace tapedeck::cli {

/// Help on filters, for the foot of a command that takes them.
inline constexpr const char* kFilterHelp =
    "Filters: host: method: status: path: type: larger-than: slower-than: since: until:\n"
    "session: has: header: id: mode: state: client: and bare words; -TERM negates.\n"
    "Times are local: since:10m, since:2026-11-23T10:00.";

using FilterTerms = std::shared_ptr<std::vector<std::string>>;

/// Gives a command FILTER… arguments, `-term` among them; `then` is called when it is the one
/// named.
FilterTerms add_filter_terms(CLI::App& command, std::function<void()> then);

/// The terms as a filter; a wrong one has been complained about, and the status is in `status`.
std::optional<storage::Filter> parse_filter(const FilterTerms& terms, int& status);

}  // namespace tapedeck::cli
