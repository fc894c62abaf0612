#include "storage/redact/multipart.hpp"

#include "storage/media_type.hpp"

namespace tapedeck::storage {

std::optional<std::string> redacted_multipart(std::string_view body, std::string_view content_type,
                                              const RedactRules::Scope& rules, const Mark& mark) {
  const std::string boundary = "--" + boundary_of(content_type);
  if (boundary.size() == 2 || !body.starts_with(boundary)) return std::nullopt;
  const std::string next = "\r\n" + boundary;
  std::string clean;
  while (body.starts_with(boundary + "\r\n")) {
    const std::size_t head = body.find("\r\n\r\n");
    if (head == std::string_view::npos) return std::nullopt;
    const std::size_t start = head + 4;
    // Of a part without content, its end begins where its head ends.
    const std::size_t end = body.find(next, start - 2);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view content =
        end < start ? std::string_view() : body.substr(start, end - start);
    const std::string name = part_name(body.substr(0, head));
    clean.append(body.substr(0, start));
    if (rules.secret(MatchRule::Kind::form, name, content)) {
      clean += mark(name, content);
    } else {
      clean.append(content);
    }
    if (end >= start) clean += "\r\n";
    body.remove_prefix(end + 2);
  }
  if (!body.starts_with(boundary + "--")) return std::nullopt;
  return clean.append(body);
}

}  // namespace tapedeck::storage
