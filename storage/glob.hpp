#pragma once

#include <string_view>

namespace tapedeck::storage {

/// True when `*` in the pattern, standing for any run of characters, makes it the text. Every other
/// character stands for itself. Linear in the pattern times the text.
bool glob(std::string_view pattern, std::string_view text) noexcept;

}  // namespace tapedeck::storage
