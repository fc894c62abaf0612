#include "storage/header_json.hpp"

#include <array>

namespace tapedeck::storage {
namespace {

/// Bytes that stand for themselves inside a JSON string.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr auto kPlain = make_plain();

void append_latin1(unsigned char byte, std::string& out) {
  out += static_cast<char>(0xc0 | byte >> 6);
  out += static_cast<char>(0x80 | (byte & 0x3f));
}

void append_string(std::string_view text, std::string& out) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (kPlain[byte]) continue;
    out.append(text, from, i - from);
    from = i + 1;
    if (byte >= 0x80) {
      append_latin1(byte, out);
    } else if (byte == '"' || byte == '\\') {
      out += '\\';
      out += text[i];
    } else {
      out.append("\\u00").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    }
  }
  out.append(text, from);
  out += '"';
}

}  // namespace

void append_header_json(const http::Fields& fields, std::string& out) {
  out += '[';
  bool first = true;
  for (const http::Fields::Line& line : fields) {
    out += first ? "[" : ",[";
    first = false;
    append_string(line.name, out);
    out += ',';
    append_string(line.value, out);
    out += ']';
  }
  out += ']';
}

std::string latin1_to_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      append_latin1(byte, text);
    }
  }
  return text;
}

}  // namespace tapedeck::storage
