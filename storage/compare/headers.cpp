#include "storage/compare/headers.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"

namespace tapedeck::storage {
namespace {

/// Sorted. docs/compare.md tells of them.
constexpr std::array<std::string_view, 36> kVarying = {"age",
                                                       "alt-svc",
                                                       "cf-cache-status",
                                                       "cf-ray",
                                                       "connection",
                                                       "content-length",
                                                       "date",
                                                       "expires",
                                                       "keep-alive",
                                                       "nel",
                                                       "proxy-connection",
                                                       "proxy-status",
                                                       "report-to",
                                                       "request-id",
                                                       "server-timing",
                                                       "traceparent",
                                                       "tracestate",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "via",
                                                       "x-amz-cf-id",
                                                       "x-amz-cf-pop",
                                                       "x-amz-id-2",
                                                       "x-amz-request-id",
                                                       "x-amzn-requestid",
                                                       "x-amzn-trace-id",
                                                       "x-b3-traceid",
                                                       "x-cache",
                                                       "x-cloud-trace-context",
                                                       "x-correlation-id",
                                                       "x-request-id",
                                                       "x-response-time",
                                                       "x-runtime",
                                                       "x-served-by",
                                                       "x-timer",
                                                       "x-trace-id"};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// "id; path=/; secure" of "id=5f3; Secure; Path=/": what stays the same from answer to answer.
std::string lasting(std::string_view cookie) {
  std::string name;
  std::vector<std::string> attributes;
  for (std::size_t at = 0; at <= cookie.size();) {
    const std::size_t end = std::min(cookie.find(';', at), cookie.size());
    const std::string_view part = trimmed(cookie.substr(at, end - at));
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string attribute = http::to_lower(part.substr(0, equals));
    if (at == 0) {
      name = part.substr(0, equals);
    } else if (attribute == "expires") {
      attributes.push_back(attribute);
    } else if (!part.empty()) {
      attributes.push_back(attribute + std::string(part.substr(equals)));
    }
    at = end + 1;
  }
  std::sort(attributes.begin(), attributes.end());
  for (const std::string& attribute : attributes) name += "; " + attribute;
  return name;
}

using Section = std::map<std::string, std::vector<std::string>>;

/// What counts of a section, by name in lower case.
Section section_of(const http::Fields& fields, const MatchRules::Scope& rules) {
  Section section;
  for (const http::Fields::Line& line : fields) {
    std::string name = http::to_lower(line.name);
    if (varies_by_nature(name)) continue;
    std::string value = name == "set-cookie" ? lasting(line.value) : std::string(line.value);
    if (!rules.counts(MatchRule::Kind::header, name, value)) continue;
    section[std::move(name)].push_back(std::move(value));
  }
  // Cookies are set each for itself, in any order.
  if (const auto cookies = section.find("set-cookie"); cookies != section.end()) {
    std::sort(cookies->second.begin(), cookies->second.end());
  }
  return section;
}

std::string joined(const std::vector<std::string>& values) {
  std::string all;
  for (const std::string& value : values) all += (all.empty() ? "" : ", ") + value;
  return all;
}

}  // namespace

bool varies_by_nature(std::string_view name) {
  return std::binary_search(kVarying.begin(), kVarying.end(), http::to_lower(name));
}

void compare_headers(const http::Fields& before, const http::Fields& after,
                     const MatchRules::Scope& rules, Comparison& comparison) {
  const Section ours = section_of(before, rules);
  Section theirs = section_of(after, rules);
  for (const auto& [name, values] : ours) {
    const std::string where = "header " + name;
    const auto found = theirs.find(name);
    const std::string was = joined(values);
    if (found == theirs.end()) {
      comparison.add({where, shortened(was)});
      continue;
    }
    const std::string is = joined(found->second);
    theirs.erase(found);
    if (was == is) continue;
    auto [told_was, told_is] = shortened(was, is);
    comparison.add({where, std::move(told_was), std::move(told_is)});
  }
  for (const auto& [name, values] : theirs) {
    comparison.add({"header " + name, {}, shortened(joined(values))});
  }
}

}  // namespace tapedeck::storage
