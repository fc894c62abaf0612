#include "storage/http_text.hpp"

#include "storage/json_string.hpp"

namespace tapedeck::storage {
namespace {

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  append_json_latin1(text, out);
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

std::string from_utf8(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      bytes += text[at];
      continue;
    }
    // Two bytes hold up to U+07FF; ISO-8859-1 ends with U+00FF.
    if ((byte != 0xC2 && byte != 0xC3) || at + 1 == text.size()) return std::string(text);
    bytes += static_cast<char>(byte << 6 | (static_cast<unsigned char>(text[++at]) & 0x3F));
  }
  return bytes;
}

}  // namespace tapedeck::storage
