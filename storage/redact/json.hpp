#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/redact/header_value.hpp"
#include "storage/redact/rules.hpp"

namespace tapedeck::storage {

/// A JSON text with the values marked that are secret, whole objects and arrays among them: each
/// becomes a string. A string is marked by what it says, anything else by how it is written. What
/// is not secret stays byte for byte. Nullopt when it is no JSON, or too deep to be looked into.
std::optional<std::string> redacted_json(std::string_view text, const RedactRules::Scope& rules,
                                         const Mark& mark);

/// The same for a text a line; nullopt when one of them is no JSON.
std::optional<std::string> redacted_json_lines(std::string_view text,
                                               const RedactRules::Scope& rules, const Mark& mark);

}  // namespace tapedeck::storage
