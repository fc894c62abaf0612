#include "client/http/grammar.hpp"

#include <string>

namespace tapedeck::http {

bool all(std::string_view text, CharClass wanted) noexcept {
  return !text.empty() && find_not(text, wanted) == text.size();
}

std::size_t find_not(std::string_view text, CharClass wanted) noexcept {
  std::size_t at = 0;
  while (at < text.size() && is(text[at], wanted)) ++at;
  return at;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
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
