#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// How values look to a person: on a terminal, safe, aligned, coloured; in a pipe, plain.
namespace tapedeck::cli {

enum class Color { automatic, always, never };

/// What standard output is.
struct Terminal {
  bool interactive = false;  ///< a terminal
  bool color = false;
  std::size_t width = 0;  ///< columns; 0 when nothing need be cut

  static Terminal of_stdout(Color color);
};

enum class Style { plain, dim, bold, good, notice, warning, bad };

/// `text` in that style, or as it is without colour.
std::string styled(const Terminal& terminal, Style style, std::string_view text);

/// Recorded text made harmless: control characters (C0, DEL, C1), escape sequences and
/// bidirectional overrides as \xHH or \u{HHHH}, bytes that are not UTF-8 as \xHH. With `lines`,
/// line feeds and tabs stay.
std::string harmless(std::string_view text, bool lines = false);

/// True for the code points that harmless() escapes.
bool is_harmful(char32_t value) noexcept;
/// Calls `each(value, bytes)` for every code point of UTF-8 text; a byte that is not part of one
/// comes as kNotUtf8.
inline constexpr char32_t kNotUtf8 = 0xffffffff;
void for_each_code_point(std::string_view text,
                         const std::function<void(char32_t, std::string_view)>& each);

/// Columns that UTF-8 text takes, one for each code point.
std::size_t columns(std::string_view text);
/// Cut to `width` columns, the cut marked with "…".
std::string truncated(std::string_view text, std::size_t width);
/// Padded with spaces to `width` columns.
std::string padded_left(std::string_view text, std::size_t width);
std::string padded_right(std::string_view text, std::size_t width);

std::string human_size(std::int64_t bytes);             ///< "812 B", "1.2 kB"
std::string human_duration(std::int64_t microseconds);  ///< "340 us", "1.2 ms", "2m03s"
/// Local time in twelve columns: "10:42:07.123" today, "Nov 22 10:42" on another day of this year,
/// "Nov 22  2025" before that.
std::string human_time(std::int64_t unix_us, std::int64_t now_us);
/// Local time with the date, always.
std::string full_time(std::int64_t unix_us);
std::int64_t now_us();

}  // namespace tapedeck::cli
