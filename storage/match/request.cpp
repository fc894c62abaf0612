#include "storage/match/request.hpp"

#include <algorithm>
#include <functional>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool unreserved(int c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string normalized(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string made;
  made.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      made += text[i];
      continue;
    }
    i += 2;
    if (const int byte = high * 16 + low; unreserved(byte)) {
      made += static_cast<char>(byte);
    } else {
      made += '%';
      made += kDigits[high];
      made += kDigits[low];
    }
  }
  return made;
}

void MatchRequest::add_head(const MatchRules::Scope& rules, Parts& parts) const {
  parts.push_back({"method", method});
  parts.push_back({"server", scheme + "://" + host + ":" + std::to_string(port)});
  parts.push_back({"path", normalized(path.empty() ? "/" : path)});
  if (query) {
    const std::string_view all = *query;
    for (std::size_t at = 0; at <= all.size();) {
      const std::size_t end = std::min(all.find('&', at), all.size());
      const std::string_view pair = all.substr(at, end - at);
      const std::size_t equals = std::min(pair.find('='), pair.size());
      std::string name = normalized(pair.substr(0, equals));
      std::string value = normalized(pair.substr(std::min(equals + 1, pair.size())));
      if (!pair.empty() && rules.counts(Kind::query, name, value)) {
        parts.push_back({"query " + name, std::move(value)});
      }
      at = end + 1;
    }
  }
  for (const http::Fields::Line& line : headers) {
    if (!rules.wants_header(line.name)) continue;
    std::string value(line.value);
    if (!rules.counts(Kind::header, line.name, value)) continue;
    parts.push_back({"header " + http::to_lower(line.name), std::move(value)});
  }
}

Parts MatchRequest::parts(MatchBody& body, const MatchRules& rules) const {
  const MatchRules::Scope scope = rules.scope(host, path);
  Parts parts;
  add_head(scope, parts);
  body.add_parts(headers.get("Content-Type").value_or(""), scope, parts);
  std::sort(parts.begin(), parts.end());
  return parts;
}

Parts MatchRequest::parts(const std::optional<Digest>& body, const MatchRules& rules) const {
  const MatchRules::Scope scope = rules.scope(host, path);
  Parts parts;
  add_head(scope, parts);
  if (body) MatchBody::add_digest(*body, scope, parts);
  std::sort(parts.begin(), parts.end());
  return parts;
}

std::uint64_t place_of(std::string_view host, int port, std::string_view path) {
  thread_local std::string text;
  text.assign(host).append(":").append(std::to_string(port));
  if (path.find('%') == path.npos) {
    text += path.empty() ? "/" : path;
  } else {
    text += normalized(path);
  }
  return std::hash<std::string>()(text);
}

}  // namespace tapedeck::storage
