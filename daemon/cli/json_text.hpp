#pragma once

#include <optional>
#include <string>
#include <string_view>

/// JSON as text: shown without being rebuilt, so that nothing recorded is lost on the way.
namespace tapedeck::cli {

/// A JSON object or array with two spaces for each level; empty when `text` is neither. Names,
/// numbers and strings stay byte for byte as they are: doubled keys and long numbers survive.
/// Levels beyond the 32nd stay on one line, so output is bounded by a multiple of the input.
std::optional<std::string> indented_json(std::string_view text);

/// JSON text (UTF-8) whose control and bidirectional characters are written \uHHHH: the same value,
/// harmless on a terminal.
std::string harmless_json(std::string_view json);

}  // namespace tapedeck::cli
