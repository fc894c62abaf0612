#include "client/http/grammar.hpp"

#include <algorithm>
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

/// How many bytes from the start surely pass, found eight at a time; the last word overlaps the one
/// before. `suspect(word)` may also be true of allowed bytes (HTAB in a value): those are looked at
/// one by one.
template <class Suspect>
std::size_t skip_words(std::string_view text, Suspect suspect) noexcept {
  std::uint64_t word = 0;
  if (text.size() < sizeof word) return 0;
  const std::size_t last = text.size() - sizeof word;
  for (std::size_t at = 0;; at = std::min(at + sizeof word, last)) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (suspect(word)) return at;
    if (at == last) return text.size();
  }
}

/// Only the classes that long texts are checked for.
std::size_t skip_words(std::string_view text, CharClass wanted) noexcept {
  if (wanted == kFieldValue) {
    return skip_words(
        text, [](std::uint64_t word) { return has_less(word, 0x20) || has_byte(word, 0x7f); });
  }
  if (wanted == kTarget) {
    return skip_words(text, [](std::uint64_t word) {
      return has_less(word, 0x21) || has_byte(word, 0x7f) || has_byte(word, '#');
    });
  }
  return 0;
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
