#include "storage/match/rules.hpp"

#include <algorithm>
#include <array>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"
#include "storage/glob.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

constexpr std::array kMatched{Kind::header, Kind::query, Kind::json, Kind::form, Kind::body};

Result<MatchRule> parse_rule(std::string_view text, bool adds, MatchRules::For purpose) {
  auto rule = MatchRule::parse(text, kMatched);
  if (!rule) return rule;
  rule->adds = adds;
  if (adds && rule->kind != Kind::header) {
    return wrong_rule(text, "only headers can be added: query and body always count");
  }
  if (purpose == MatchRules::For::matching && !adds && rule->kind == Kind::header &&
      rule->shape.empty() && rule->name != "range") {
    return wrong_rule(text, "headers do not count unless --match names them; Range alone does");
  }
  return rule;
}

}  // namespace

Result<MatchRules> MatchRules::parse(const std::vector<std::string>& match,
                                     const std::vector<std::string>& ignore, For purpose) {
  MatchRules rules;
  for (const auto* list : {&match, &ignore}) {
    for (const std::string& text : *list) {
      auto rule = parse_rule(text, list == &match, purpose);
      if (!rule) return std::move(rule).error();
      for (const MatchRule& other : rules.rules_) {
        if (other.adds != rule->adds && other.kind == rule->kind && other.name == rule->name &&
            other.host == rule->host && other.path == rule->path && rule->shape.empty()) {
          return wrong_rule(text, "contradicts the rule '" + other.text + "'");
        }
      }
      rules.rules_.push_back(*std::move(rule));
    }
  }
  return rules;
}

MatchRules::Scope MatchRules::scope(std::string_view host, std::string_view path) const {
  Scope scope;
  for (const MatchRule& rule : rules_) {
    if (rule.applies(host, path)) scope.rules_.push_back(&rule);
  }
  return scope;
}

bool MatchRules::any_header() const noexcept {
  return std::any_of(rules_.begin(), rules_.end(),
                     [](const MatchRule& rule) { return rule.kind == Kind::header; });
}

bool MatchRules::Scope::wants_header(std::string_view name) const {
  const std::string lower = http::to_lower(name);
  // Part of one representation is no answer to a request for another (RFC 9110 section 14.2).
  if (lower == "range") return true;
  return std::any_of(rules_.begin(), rules_.end(),
                     [&](const MatchRule* rule) { return rule->adds && glob(rule->name, lower); });
}

bool MatchRules::Scope::counts(Kind kind, std::string_view name, std::string& value) const {
  const std::string lower = kind == Kind::header ? http::to_lower(name) : std::string(name);
  std::string_view seen = value;
  // A shape is one of what a JSON string says, not of its quotes.
  if (kind == Kind::json && seen.size() > 1 && seen.front() == '"') {
    seen = seen.substr(1, seen.size() - 2);
  }
  for (const MatchRule* rule : rules_) {
    if (rule->kind != kind || !rule->names(lower)) continue;
    if (rule->shape.empty()) {
      if (!rule->adds) return false;
    } else if (rule->fits(seen)) {
      value = "~" + rule->shape;
      return true;
    }
  }
  return true;
}

}  // namespace tapedeck::storage
