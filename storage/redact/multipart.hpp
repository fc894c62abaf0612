#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/redact/header_value.hpp"
#include "storage/redact/rules.hpp"

namespace tapedeck::storage {

/// A multipart/form-data body with the contents of those parts marked that are secret as fields of
/// a form; nullopt when it is none. What is not secret stays byte for byte.
std::optional<std::string> redacted_multipart(std::string_view body, std::string_view content_type,
                                              const RedactRules::Scope& rules, const Mark& mark);

}  // namespace tapedeck::storage
