#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::storage {

/// Lines told of two texts that differ, headings and those around them included.
inline constexpr std::size_t kToldLines = 40;
/// Texts that take more insertions and removals than this are told as one change.
inline constexpr std::size_t kMaxEdits = 1000;

/// Where two texts differ, line by line, as `diff -u` prints it: "@@ -3,2 +3,2 @@", then lines that
/// begin with ' ', '-' or '+'. Long lines are cut around what differs. Empty when they do not.
std::vector<std::string> compare_text(std::string_view before, std::string_view after);

}  // namespace tapedeck::storage
