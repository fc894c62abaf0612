#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "daemon/cli/terminal.hpp"
#include "storage/compare/comparison.hpp"

namespace tapedeck::cli {

/// The differences, a line each, indented: "    $.items[3].price: 10 → 12". Harmless, with colour.
std::string differences_text(const storage::Comparison& comparison, const Terminal& terminal);

/// The same without colour and indentation, for a report.
std::string differences_text(const storage::Comparison& comparison);

/// {"same":false,"differences":[{"where":…,"before":…,"after":…,"lines":[…]}],"more":0,"notes":[]}
/// as members of `object`.
void add_differences(const storage::Comparison& comparison, nlohmann::ordered_json& object);

/// One JSON object on a line of its own, harmless on a terminal.
std::string json_line(const nlohmann::ordered_json& object);

}  // namespace tapedeck::cli
