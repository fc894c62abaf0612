#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace tapedeck::storage {

/// What makes tokens of secrets: `[redacted:0123456789ab]`, 48 bits of HMAC-SHA-256. Equal secrets
/// have equal tokens in one log, wherever they stood; without the key nobody can try secrets
/// against them. The key of a log is in a file of its own beside it, mode 0600, so that a log can
/// be given away without it. A value; any thread.
class TokenKey {
 public:
  /// The key of that log; made and written when there is none yet. Throws std::system_error, or
  /// std::runtime_error with a sentence.
  static TokenKey of_log(const std::string& log_path);
  /// The key of that log when it is there and can be read.
  static std::optional<TokenKey> find(const std::string& log_path);
  /// One of its own, kept nowhere.
  static TokenKey random();
  /// Where the key of a log is: LOG.redact-key.
  static std::string path_of(const std::string& log_path);

  /// What stands for `secret`: of nothing, nothing; of a token, itself.
  std::string token(std::string_view secret) const;

 private:
  std::array<char, 32> bytes_{};
};

/// Whether `text` is a token and nothing else.
bool is_token(std::string_view text) noexcept;
/// Whether there is a token in `text`.
bool holds_token(std::string_view text) noexcept;

}  // namespace tapedeck::storage
