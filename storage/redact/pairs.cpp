#include "storage/redact/pairs.hpp"

#include <algorithm>

namespace tapedeck::storage {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string form_decoded(std::string_view text) {
  std::string made;
  made.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      made += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      made += text[i] == '+' ? ' ' : text[i];
    }
  }
  return made;
}

std::string redacted_pairs(std::string_view pairs, MatchRule::Kind kind,
                           const RedactRules::Scope& rules, const Mark& mark) {
  std::string clean;
  while (true) {
    const std::size_t end = std::min(pairs.find('&'), pairs.size());
    const std::string_view pair = pairs.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::size_t start = std::min(equals + 1, pair.size());
    const std::string name = form_decoded(pair.substr(0, equals));
    const std::string value = form_decoded(pair.substr(start));
    clean.append(pair.substr(0, start));
    if (!value.empty() && rules.secret(kind, name, value)) {
      clean += mark(name, value);
    } else {
      clean.append(pair.substr(start));
    }
    if (end == pairs.size()) return clean;
    clean += '&';
    pairs.remove_prefix(end + 1);
  }
}

std::string redacted_url(std::string_view url, const RedactRules::Scope& rules, const Mark& mark) {
  std::string clean;
  for (bool first = true; !url.empty(); first = false) {
    const std::size_t end = std::min(url.find_first_of("?#", first ? 0 : 1), url.size());
    const std::string_view part = url.substr(0, end);
    if (!part.empty() && (part[0] == '?' || part[0] == '#')) {
      clean += part[0];
      clean += redacted_pairs(part.substr(1), MatchRule::Kind::query, rules, mark);
    } else {
      clean.append(part);
    }
    url.remove_prefix(end);
  }
  return clean;
}

}  // namespace tapedeck::storage
