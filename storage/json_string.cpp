#include "storage/json_string.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace tapedeck::storage {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

/// The high bit of a byte is set where that byte of `word` is zero; above the first such byte
/// there may be more.
constexpr std::uint64_t zeros(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

/// The high bit of each byte is set where JSON cannot hold it as it is: a control character, a
/// quote, a backslash. Exact up to the first.
constexpr std::uint64_t specials(std::uint64_t word) {
  return ((word - kOnes * 0x20) & ~word & kHighs) | zeros(word ^ (kOnes * '"')) |
         zeros(word ^ (kOnes * '\\'));
}

constexpr bool special(unsigned char byte) { return byte < 0x20 || byte == '"' || byte == '\\'; }

/// How many bytes at the start of `text` JSON holds as they are; with `ascii`, those that are
/// ASCII.
template <bool ascii>
std::size_t plain_prefix(std::string_view text) {
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      if (const std::uint64_t found = specials(word) | (ascii ? word & kHighs : 0)) {
        return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
      }
    }
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (special(byte) || (ascii && byte >= 0x80)) break;
  }
  return at;
}

void append_special(char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) {
    append_latin1(byte, out);
  } else if (c == '\n') {
    out.append("\\n");
  } else if (byte < 0x20) {
    out.append("\\u00");
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  } else {
    out += '\\';
    out += c;
  }
}

template <bool ascii>
void append(std::string_view text, std::string& out) {
  for (;;) {
    const std::size_t plain = plain_prefix<ascii>(text);
    out.append(text.substr(0, plain));
    if (plain == text.size()) break;
    append_special(text[plain], out);
    text.remove_prefix(plain + 1);
  }
}

}  // namespace

void append_json_latin1(std::string_view bytes, std::string& out) { append<true>(bytes, out); }

void append_json_utf8(std::string_view text, std::string& out) { append<false>(text, out); }

std::size_t plain_json_prefix(std::string_view text) noexcept { return plain_prefix<false>(text); }

void append_latin1(unsigned char byte, std::string& out) {
  out += static_cast<char>(0xC0 | (byte >> 6));
  out += static_cast<char>(0x80 | (byte & 0x3F));
}

}  // namespace tapedeck::storage
