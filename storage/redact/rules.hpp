#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "storage/match/rule.hpp"

namespace tapedeck::storage {

/// Which parts of exchanges are secret: rules such as `header:authorization`, `cookie:sid`,
/// `query:api_key`, `form:password`, `json:$.user.token` and `body`, each with a host and a path
/// before it and a shape behind it as MatchRule has them; and `standard`, which is Authorization,
/// Proxy-Authorization, Cookie and Set-Cookie. Immutable, any thread.
class RedactRules {
 public:
  /// Fails with Stage::configure and a sentence that names the rule that is wrong.
  static Result<RedactRules> parse(const std::vector<std::string>& rules);

  /// Those that apply to one exchange. Refers to the RedactRules it is of.
  class Scope {
   public:
    bool empty() const noexcept { return rules_.empty(); }
    /// Whether any is of that kind.
    bool has(MatchRule::Kind kind) const noexcept;
    /// Whether the part of that name and value is secret. Without a value, whether it is whatever
    /// its value.
    bool secret(MatchRule::Kind kind, std::string_view name,
                std::optional<std::string_view> value) const;

   private:
    friend class RedactRules;
    std::vector<const MatchRule*> rules_;
  };
  /// With no host, as where a request could not be read, every rule.
  Scope scope(std::string_view host, std::string_view path) const;

  bool empty() const noexcept { return rules_.empty(); }

 private:
  std::vector<MatchRule> rules_;
};

}  // namespace tapedeck::storage
