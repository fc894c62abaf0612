#include "storage/redact/rules.hpp"

#include <algorithm>
#include <array>

#include "client/http/url.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

constexpr std::array kRedacted{Kind::header, Kind::cookie, Kind::query,
                               Kind::json,   Kind::form,   Kind::body};
constexpr std::array<std::string_view, 4> kStandard = {
    "header:authorization", "header:proxy-authorization", "header:cookie", "header:set-cookie"};

/// "standard" behind "HOST/PATH ", which may be absent.
bool is_standard(std::string_view rule) {
  return rule == "standard" || rule.ends_with(" standard");
}

}  // namespace

Result<RedactRules> RedactRules::parse(const std::vector<std::string>& rules) {
  RedactRules parsed;
  for (const std::string& text : rules) {
    std::vector<std::string> meant{text};
    if (is_standard(text)) {
      meant.clear();
      const std::string where = text.substr(0, text.size() - std::string_view("standard").size());
      for (const std::string_view rule : kStandard) meant.push_back(where + std::string(rule));
    }
    for (const std::string& one : meant) {
      auto rule = MatchRule::parse(one, kRedacted);
      if (!rule) {
        rule.error().detail += "; `standard` is the headers that hold credentials";
        return std::move(rule).error();
      }
      parsed.rules_.push_back(*std::move(rule));
    }
  }
  return parsed;
}

RedactRules::Scope RedactRules::scope(std::string_view host, std::string_view path) const {
  Scope scope;
  for (const MatchRule& rule : rules_) {
    if (host.empty() || rule.applies(host, path)) scope.rules_.push_back(&rule);
  }
  return scope;
}

bool RedactRules::Scope::has(Kind kind) const noexcept {
  return std::any_of(rules_.begin(), rules_.end(),
                     [kind](const MatchRule* rule) { return rule->kind == kind; });
}

bool RedactRules::Scope::secret(Kind kind, std::string_view name,
                                std::optional<std::string_view> value) const {
  const std::string lower = kind == Kind::header ? http::to_lower(name) : std::string(name);
  return std::any_of(rules_.begin(), rules_.end(), [&](const MatchRule* rule) {
    return rule->kind == kind && rule->names(lower) &&
           (value ? rule->fits(*value) : rule->shape.empty());
  });
}

}  // namespace tapedeck::storage
