#include "storage/match/rules.hpp"

#include <algorithm>
#include <array>
#include <re2/re2.h>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"
#include "storage/glob.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

struct KindName {
  std::string_view name;
  Kind kind;
};
constexpr std::array<KindName, 5> kKinds = {{{"header", Kind::header},
                                             {"query", Kind::query},
                                             {"json", Kind::json},
                                             {"form", Kind::form},
                                             {"body", Kind::body}}};

Failure wrong(std::string_view rule, const std::string& why) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 "rule '" + std::string(rule) + "': " + why};
}

/// "$.a.b": a path without "$." is one from the top.
std::string json_path(std::string_view given) {
  if (given == "$" || given.starts_with("$.") || given.starts_with("$[") || given == "*") {
    return std::string(given);
  }
  return "$." + std::string(given);
}

Result<MatchRule> parse_rule(std::string_view text, bool adds, MatchRules::For purpose) {
  MatchRule rule;
  rule.adds = adds;
  rule.text = text;
  std::string_view what = text;
  if (const std::size_t space = text.find(' '); space != std::string_view::npos) {
    const std::string_view where = text.substr(0, space);
    const std::size_t slash = std::min(where.find('/'), where.size());
    rule.host = http::to_lower(where.substr(0, slash));
    if (slash < where.size()) rule.path = where.substr(slash);
    what = text.substr(space + 1);
  }
  if (const std::size_t tilde = what.find('~'); tilde != std::string_view::npos) {
    rule.shape = what.substr(tilde + 1);
    what = what.substr(0, tilde);
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_encoding(re2::RE2::Options::EncodingLatin1);  // values are bytes
    rule.expression = std::make_shared<const re2::RE2>(rule.shape, options);
    if (!rule.expression->ok()) {
      return wrong(text, "not a regular expression: " + rule.expression->error());
    }
    if (rule.shape.empty()) return wrong(text, "an expression must follow ~");
  }
  const std::size_t colon = std::min(what.find(':'), what.size());
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindName& known) {
    return known.name == what.substr(0, colon);
  });
  if (found == kKinds.end()) {
    return wrong(text, "expected header:NAME, query:NAME, json:PATH, form:NAME or body, not '" +
                           std::string(what) + "'");
  }
  rule.kind = found->kind;
  if (colon < what.size()) rule.name = what.substr(colon + 1);
  if (rule.name.empty()) return wrong(text, "a name must follow the colon");
  if (rule.kind == Kind::json) rule.name = json_path(rule.name);
  if (rule.kind == Kind::header) rule.name = http::to_lower(rule.name);
  if (rule.kind == Kind::body && rule.name != "*") return wrong(text, "body takes no name");
  if (adds && rule.kind != Kind::header) {
    return wrong(text, "only headers can be added: query and body always count");
  }
  if (purpose == MatchRules::For::matching && !adds && rule.kind == Kind::header &&
      rule.shape.empty() && rule.name != "range") {
    return wrong(text, "headers do not count unless --match names them; Range alone does");
  }
  return rule;
}

/// "$.a" means "$.a.b" and "$.a[0]" too.
bool names(const MatchRule& rule, std::string_view name) {
  if (glob(rule.name, name)) return true;
  if (rule.kind != Kind::json) return false;
  return glob(rule.name + ".*", name) || glob(rule.name + "[*", name);
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
          return wrong(text, "contradicts the rule '" + other.text + "'");
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
    if (glob(rule.host, host) && glob(rule.path, path)) scope.rules_.push_back(&rule);
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
    if (rule->kind != kind || !names(*rule, lower)) continue;
    if (rule->shape.empty()) {
      if (!rule->adds) return false;
    } else if (re2::RE2::FullMatch({seen.data(), seen.size()}, *rule->expression)) {
      value = "~" + rule->shape;
      return true;
    }
  }
  return true;
}

}  // namespace tapedeck::storage
