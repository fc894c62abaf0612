#pragma once

#include <string>
#include <string_view>

namespace tapedeck::storage {

/// Whether bytes that arrive in pieces are UTF-8 (RFC 3629: shortest form, no surrogates).
class Utf8Check {
 public:
  /// False from the first wrong byte on.
  bool push(std::string_view piece) noexcept;
  /// True when no sequence is left unfinished.
  bool complete() const noexcept { return state_ == 0; }

 private:
  unsigned state_ = 0;
};

/// Appends a code point as UTF-8.
void append_utf8(char32_t value, std::string& out);

}  // namespace tapedeck::storage
