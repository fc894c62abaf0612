#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Character classes of RFC 9110 and RFC 3986, and the comparisons built on them.
namespace tapedeck::http {

enum CharClass : std::uint8_t {
  kToken = 1,       ///< tchar (RFC 9110 section 5.6.2)
  kFieldValue = 2,  ///< VCHAR, obs-text, SP, HTAB (section 5.5)
  kTarget = 4,      ///< what a request target may hold: VCHAR and obs-text, but no '#'
  kDigit = 8,
  kHexDigit = 16,
  kRegName = 32,  ///< unreserved, sub-delims and '%' (RFC 3986 section 3.2.2)
};

namespace detail {

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&](std::string_view chars, std::uint8_t bit) {
    for (char c : chars) table[static_cast<unsigned char>(c)] |= bit;
  };
  constexpr std::string_view alpha = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::string_view digit = "0123456789";
  mark(alpha, kToken | kRegName);
  mark(digit, kToken | kRegName | kDigit | kHexDigit);
  mark("abcdefABCDEF", kHexDigit);
  mark("!#$%&'*+-.^_`|~", kToken);
  mark("-._~!$&'()*+,;=%", kRegName);
  for (unsigned c = 0x20; c < 0x100; ++c) {
    if (c != 0x7f) table[c] |= kFieldValue;
    if (c > 0x20 && c != 0x7f && c != '#') table[c] |= kTarget;
  }
  table['\t'] |= kFieldValue;
  return table;
}

inline constexpr auto kClasses = make_classes();

}  // namespace detail

constexpr bool is(char c, CharClass wanted) {
  return (detail::kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}

/// True when `text` is not empty and consists of that class alone.
bool all(std::string_view text, CharClass wanted) noexcept;
/// The index of the first byte not of that class, or text.size().
std::size_t find_not(std::string_view text, CharClass wanted) noexcept;

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
/// ASCII case-insensitive equality.
bool iequals(std::string_view a, std::string_view b) noexcept;
/// Without leading and trailing SP and HTAB (OWS, RFC 9110 section 5.6.3).
std::string_view trim(std::string_view text) noexcept;

/// "0x1B" for an unprintable byte, "'a'" for a printable one: for error details.
std::string describe_byte(char c);

}  // namespace tapedeck::http
