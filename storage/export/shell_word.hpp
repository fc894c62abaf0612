#pragma once

#include <string>
#include <string_view>

namespace tapedeck::storage {

/// True when `bytes` can stand in a shell script as they are, in single quotes: text without
/// control characters but tab and line feed, harmless on a terminal.
bool is_script_text(std::string_view bytes);

/// One word that means `bytes` to any POSIX sh: plain, in single quotes, or made by printf. Bytes
/// that are no script text must not hold a NUL and not end with a line feed.
std::string shell_word(std::string_view bytes);

/// A format that makes printf write `bytes`, whatever they are, in single quotes.
std::string printf_format(std::string_view bytes);

}  // namespace tapedeck::storage
