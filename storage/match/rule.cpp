#include "storage/match/rule.hpp"

#include <algorithm>
#include <array>
#include <re2/re2.h>

#include "client/http/url.hpp"
#include "storage/glob.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

struct KindName {
  std::string_view name;
  std::string_view example;
  Kind kind;
};
constexpr std::array<KindName, 6> kKinds = {{{"header", "header:NAME", Kind::header},
                                             {"cookie", "cookie:NAME", Kind::cookie},
                                             {"query", "query:NAME", Kind::query},
                                             {"json", "json:PATH", Kind::json},
                                             {"form", "form:NAME", Kind::form},
                                             {"body", "body", Kind::body}}};

bool among(Kind kind, std::span<const Kind> kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

/// "header:NAME, query:NAME or body"
std::string examples(std::span<const Kind> kinds) {
  std::string list;
  std::size_t left = kinds.size();
  for (const KindName& known : kKinds) {
    if (!among(known.kind, kinds)) continue;
    if (!list.empty()) list += left == 1 ? " or " : ", ";
    list += known.example;
    --left;
  }
  return list;
}

/// "$.a.b": a path without "$." is one from the top.
std::string json_path(std::string_view given) {
  if (given == "$" || given.starts_with("$.") || given.starts_with("$[") || given == "*") {
    return std::string(given);
  }
  return "$." + std::string(given);
}

}  // namespace

Failure wrong_rule(std::string_view rule, const std::string& why) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 "rule '" + std::string(rule) + "': " + why};
}

Result<MatchRule> MatchRule::parse(std::string_view text, std::span<const Kind> allowed) {
  MatchRule rule;
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
      return wrong_rule(text, "not a regular expression: " + rule.expression->error());
    }
    if (rule.shape.empty()) return wrong_rule(text, "an expression must follow ~");
  }
  const std::size_t colon = std::min(what.find(':'), what.size());
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindName& known) {
    return known.name == what.substr(0, colon);
  });
  if (found == kKinds.end() || !among(found->kind, allowed)) {
    return wrong_rule(text, "expected " + examples(allowed) + ", not '" + std::string(what) + "'");
  }
  rule.kind = found->kind;
  if (colon < what.size()) rule.name = what.substr(colon + 1);
  if (rule.name.empty()) return wrong_rule(text, "a name must follow the colon");
  if (rule.kind == Kind::json) rule.name = json_path(rule.name);
  if (rule.kind == Kind::header) rule.name = http::to_lower(rule.name);
  if (rule.kind == Kind::body && rule.name != "*") return wrong_rule(text, "body takes no name");
  return rule;
}

bool MatchRule::applies(std::string_view in_host, std::string_view in_path) const {
  return glob(host, in_host) && glob(path, in_path);
}

bool MatchRule::names(std::string_view part) const {
  if (glob(name, part)) return true;
  if (kind != Kind::json) return false;
  return glob(name + ".*", part) || glob(name + "[*", part);
}

bool MatchRule::fits(std::string_view value) const {
  return shape.empty() || re2::RE2::FullMatch({value.data(), value.size()}, *expression);
}

}  // namespace tapedeck::storage
