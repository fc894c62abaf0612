#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "storage/redact/header_value.hpp"
#include "storage/redact/rules.hpp"

namespace tapedeck::storage {

// `name=value&name=value`, as a query and a form have it: names are compared and secrets marked as
// they are when decoded; what is not secret stays byte for byte.

/// The pairs with those marked that are secret as `kind`, Kind::query or Kind::form.
std::string redacted_pairs(std::string_view pairs, MatchRule::Kind kind,
                           const RedactRules::Scope& rules, const Mark& mark);

/// The same for what follows a `?` or a `#` in a URL, or part of one.
std::string redacted_url(std::string_view url, const RedactRules::Scope& rules, const Mark& mark);

/// Percent-encoding undone, and `+` for a blank. What is no encoding stays.
std::string form_decoded(std::string_view text);

}  // namespace tapedeck::storage
