#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "storage/match/rule.hpp"

namespace tapedeck::storage {

/// What, beyond the default key, counts when a request is compared with a recorded one, or does
/// not. Immutable, any thread.
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
