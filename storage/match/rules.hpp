#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"

namespace re2 {
class RE2;
}

namespace tapedeck::storage {

/// What, beyond the default key, counts when a request is compared with a recorded one, or does
/// not: `[HOST[/PATH] ]KIND[:NAME][~REGEX]` (RE2 syntax), where `*` in HOST, PATH and NAME stands
/// for any run of characters.
///
///     query:page               that name in the query
///     api.example.com query    all of the query, for that host
///     json:$.items[*].id       a JSON value and what is below it
///     header:X-Tenant          headers count only when --match names them
///     json:$.id~[0-9a-f-]{36}  the value may differ as long as it is of that shape
struct MatchRule {
  enum class Kind { header, query, json, form, body };

  bool adds = false;  ///< --match; else --ignore
  std::string host = "*";
  std::string path = "*";
  Kind kind = Kind::query;
  std::string name = "*";
  std::string shape;                                ///< the expression; empty: any value
  std::shared_ptr<const re2::RE2> expression = {};  ///< of `shape`, linear in the value

  /// The rule itself, as it was written.
  std::string text = {};
};

/// All rules. Immutable, any thread.
class MatchRules {
 public:
  /// What they are for: finding the answer to a request, or comparing two answers, whose headers
  /// count until they are ignored.
  enum class For { matching, comparing };

  /// Fails with Stage::configure and a sentence that names the rule that is wrong, or the two that
  /// contradict each other.
  static Result<MatchRules> parse(const std::vector<std::string>& match,
                                  const std::vector<std::string>& ignore,
                                  For purpose = For::matching);

  /// Those that apply to one request. Refers to the MatchRules it is of.
  class Scope {
   public:
    bool wants_header(std::string_view name) const;
    /// Whether that part counts. Where only its shape does, `value` becomes the shape.
    bool counts(MatchRule::Kind kind, std::string_view name, std::string& value) const;

   private:
    friend class MatchRules;
    std::vector<const MatchRule*> rules_;
  };
  Scope scope(std::string_view host, std::string_view path) const;

  /// Some header counts, somewhere.
  bool any_header() const noexcept;

 private:
  std::vector<MatchRule> rules_;
};

}  // namespace tapedeck::storage
