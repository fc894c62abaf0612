#include "storage/http_text.hpp"

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
/// quote, a backslash, or not ASCII. Exact up to the first.
constexpr std::uint64_t specials(std::uint64_t word) {
  return ((word - kOnes * 0x20) & ~word & kHighs) | (word & kHighs) | zeros(word ^ (kOnes * '"')) |
         zeros(word ^ (kOnes * '\\'));
}

bool special(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x80 || c == '"' || c == '\\';
}

/// How many bytes at the start of `text` JSON holds as they are.
std::size_t plain_prefix(std::string_view text) {
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      if (const std::uint64_t found = specials(word)) {
        return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
      }
    }
  }
  while (at < text.size() && !special(text[at])) ++at;
  return at;
}

void append_latin1(unsigned char byte, std::string& out) {
  out += static_cast<char>(0xC0 | (byte >> 6));
  out += static_cast<char>(0x80 | (byte & 0x3F));
}

void append_special(char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) {
    append_latin1(byte, out);
  } else if (byte < 0x20) {
    out.append("\\u00");
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  } else {
    out += '\\';
    out += c;
  }
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (;;) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.substr(0, plain));
    if (plain == text.size()) break;
    append_special(text[plain], out);
    text.remove_prefix(plain + 1);
  }
  out += '"';
}

}  // namespace

void append_header_json(const http::Fields& fields, std::string& out) {
  char separator = '[';
  for (const http::Fields::Line line : fields) {
    out += separator;
    out += '[';
    append_json_string(line.name, out);
    out += ',';
    append_json_string(line.value, out);
    out += ']';
    separator = ',';
  }
  if (fields.empty()) out += '[';
  out += ']';
}

std::string_view to_utf8(std::string_view bytes, std::string& scratch) {
  const auto ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  std::size_t at = 0;
  while (at < bytes.size() && ascii(bytes[at])) ++at;
  if (at == bytes.size()) return bytes;
  scratch.assign(bytes.substr(0, at));
  for (const char c : bytes.substr(at)) {
    if (ascii(c)) {
      scratch += c;
    } else {
      append_latin1(static_cast<unsigned char>(c), scratch);
    }
  }
  return scratch;
}

}  // namespace tapedeck::storage
