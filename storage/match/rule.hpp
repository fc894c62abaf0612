#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "client/http/result.hpp"

namespace re2 {
class RE2;
}

namespace tapedeck::storage {

/// Some part of a message, as rules name it: `[HOST[/PATH] ]KIND[:NAME][~REGEX]` (RE2 syntax),
/// where `*` in HOST, PATH and NAME stands for any run of characters.
///
///     query:page               that name in the query
///     api.example.com query    all of the query, for that host
///     json:$.items[*].id       a JSON value and what is below it
///     header:X-Tenant          a header, whatever the case of its name
///     json:$.id~[0-9a-f-]{36}  where the value is of that shape
///
/// A value. Any thread.
struct MatchRule {
  enum class Kind { header, query, json, form, body, cookie };

  bool adds = false;  ///< --match; else --ignore
  std::string host = "*";
  std::string path = "*";
  Kind kind = Kind::query;
  std::string name = "*";
  std::string shape;                                ///< the expression; empty: any value
  std::shared_ptr<const re2::RE2> expression = {};  ///< of `shape`, linear in the value

  /// The rule itself, as it was written.
  std::string text = {};

  /// Fails with Stage::configure and a sentence that names the rule; `allowed` are the kinds it
  /// may be of.
  static Result<MatchRule> parse(std::string_view text, std::span<const Kind> allowed);

  /// Whether it is about exchanges with that server and path.
  bool applies(std::string_view host, std::string_view path) const;
  /// Whether it is about the part of that name, a header's in lower case. "$.a" is about "$.a.b"
  /// and "$.a[0]" too.
  bool names(std::string_view name) const;
  /// Whether the value is of its shape; any is where there is none.
  bool fits(std::string_view value) const;
};

/// A rule that cannot be: Stage::configure, with a sentence.
Failure wrong_rule(std::string_view rule, const std::string& why);

}  // namespace tapedeck::storage
