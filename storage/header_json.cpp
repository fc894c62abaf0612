#include "storage/header_json.hpp"

#include <string>

#include <nlohmann/json.hpp>

namespace tapedeck::storage {
namespace {

/// Code points up to U+00FF as the bytes they stand for.
std::string bytes_of(const std::string& text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
      bytes += static_cast<char>((lead & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

}  // namespace

http::Fields parse_header_json(std::string_view json) {
  http::Fields fields;
  const auto lines = nlohmann::json::parse(json, nullptr, false);
  if (!lines.is_array()) return fields;
  for (const auto& line : lines) {
    if (!line.is_array() || line.size() != 2 || !line[0].is_string() || !line[1].is_string()) {
      continue;
    }
    fields.add(bytes_of(line[0].get_ref<const std::string&>()),
               bytes_of(line[1].get_ref<const std::string&>()));
  }
  return fields;
}

}  // namespace tapedeck::storage
