#include "storage/media_type.hpp"

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
  const std::string lower = http::to_lower(head);
  std::size_t at = lower.find("name=");
  // The end of filename= is another parameter's.
  while (at != std::string::npos && at > 0 && lower[at - 1] >= 'a' && lower[at - 1] <= 'z') {
    at = lower.find("name=", at + 1);
  }
  if (at == std::string::npos) return "?";
  const std::string_view rest = head.substr(at + 5);
  if (rest.starts_with('"')) return std::string(rest.substr(1, rest.find('"', 1) - 1));
  return std::string(rest.substr(0, rest.find_first_of("; \t\r\n")));
}

}  // namespace tapedeck::storage
