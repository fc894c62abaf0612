#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "storage/exchange.hpp"
#include "storage/match/parts.hpp"
#include "storage/redact/literals.hpp"
#include "storage/redact/rules.hpp"
#include "storage/redact/token_key.hpp"

namespace tapedeck::storage {

/// A body that rules concern is held in memory until its end, up to this many bytes.
inline constexpr std::size_t kRedactLimit = std::size_t{1} << 20;

/// What is secret in exchanges, and what stands for it in the log. Immutable, any thread.
class Redaction {
 public:
  /// `limit`: bytes of a body that rules may look into.
  Redaction(RedactRules rules, Literals literals, TokenKey key, std::size_t limit)
      : rules_(std::move(rules)), literals_(std::move(literals)), key_(key), limit_(limit) {}

  /// Puts tokens in the place of secrets, everywhere but in bodies, and adds the names of the
  /// columns that have one to `redacted`. A secret that rules found is also taken out of the other
  /// headers and the error. To do so again changes nothing. True when something was changed.
  bool redact(Exchange& exchange) const;
  /// A text of our own about `exchange`, without the secrets of that.
  std::string without_secrets(const Exchange& exchange, std::string text) const;
  /// The same for what matching compares.
  void redact(Parts& parts, std::string_view host, std::string_view path) const;

  const RedactRules& rules() const noexcept { return rules_; }
  const Literals& literals() const noexcept { return literals_; }
  const TokenKey& key() const noexcept { return key_; }
  std::size_t limit() const noexcept { return limit_; }

 private:
  RedactRules rules_;
  Literals literals_;
  TokenKey key_;
  std::size_t limit_;
};

/// Adds a word to `exchange.redacted`, once: the name of a column that holds a token, or
/// `request_body`, `response_body`, and the same with `_withheld` when nothing of it was kept.
void note_redacted(Exchange& exchange, std::string_view word);

}  // namespace tapedeck::storage
