#include "storage/media_type.hpp"

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"

namespace tapedeck::storage {

std::string media_type(std::string_view content_type) {
  std::string type = http::to_lower(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  return type;
}

bool is_json(std::string_view type) noexcept {
  return type == "application/json" || type.ends_with("+json") || type == "text/json";
}

bool is_json_lines(std::string_view type) noexcept {
  return type == "application/x-ndjson" || type == "application/ndjson" ||
         type == "application/jsonl" || type == "application/x-jsonlines";
}

std::string boundary_of(std::string_view content_type) {
  const std::string lower = http::to_lower(content_type);
  const std::size_t at = lower.find("boundary=");
  if (at == std::string::npos) return {};
  std::string_view value = content_type.substr(at + 9);
  if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
  return std::string(value.substr(0, value.find_first_of("; \t")));
}

std::string part_name(std::string_view head) {
  bool quoted = false;
  for (std::size_t at = 0; at < head.size(); ++at) {
    if (head[at] == '"') quoted = !quoted;
    if (quoted && head[at] == '\\') ++at;
    if (quoted || head[at] != ';') continue;
    const std::string_view rest = http::trim(head.substr(at + 1));
    if (rest.size() < 5 || !http::iequals(rest.substr(0, 5), "name=")) continue;
    const std::string_view value = rest.substr(5);
    if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
    return std::string(value.substr(0, value.find_first_of("; \t\r\n")));
  }
  return "?";
}

}  // namespace tapedeck::storage
