#include "client/http/grammar.hpp"

#include <cstdint>
#include <cstring>
#include <string>

namespace tapedeck::http {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x8080808080808080;

/// Whether some byte of `word` is less than `bound` (at most 0x80).
constexpr bool has_less(std::uint64_t word, std::uint64_t bound) noexcept {
  return ((word - kOnes * bound) & ~word & kHighBits) != 0;
}
constexpr bool has_byte(std::uint64_t word, std::uint64_t byte) noexcept {
  return has_less(word ^ (kOnes * byte), 1);
}

/// How many bytes from the start surely are of that class, found eight at a time. Only the classes
/// that long texts are checked for, and only what excludes most of their forbidden bytes at once:
/// HTAB in a value merely ends the fast part.
std::size_t skip_words(std::string_view text, CharClass wanted) noexcept {
  std::size_t at = 0;
  std::uint64_t word = 0;
  if (wanted == kFieldValue) {
    for (; text.size() - at >= sizeof word; at += sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if (has_less(word, 0x20) || has_byte(word, 0x7f)) break;
    }
  } else if (wanted == kTarget) {
    for (; text.size() - at >= sizeof word; at += sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if (has_less(word, 0x21) || has_byte(word, 0x7f) || has_byte(word, '#')) break;
    }
  }
  return at;
}

}  // namespace

bool all(std::string_view text, CharClass wanted) noexcept {
  return !text.empty() && find_not(text, wanted) == text.size();
}

std::size_t find_not(std::string_view text, CharClass wanted) noexcept {
  std::size_t at = skip_words(text, wanted);
  while (at < text.size() && is(text[at], wanted)) ++at;
  return at;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string describe_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte > 0x20 && byte < 0x7f) return std::string{'\'', c, '\''};
  constexpr std::string_view hex = "0123456789ABCDEF";
  return std::string{"0x"} + hex[byte >> 4] + hex[byte & 15];
}

}  // namespace tapedeck::http
