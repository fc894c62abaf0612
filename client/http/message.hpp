#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/http/fields.hpp"

namespace tapedeck::http {

/// HTTP/major.minor. Only 1.x reaches a message; anything else is refused while parsing.
struct Version {
  std::uint8_t major = 1;
  std::uint8_t minor = 1;
  auto operator<=>(const Version&) const = default;  // NOLINT(modernize-use-nullptr)
};
inline constexpr Version kHttp10{1, 0};
inline constexpr Version kHttp11{1, 1};

/// "HTTP/1.1" or "HTTP/1.0".
std::string_view to_string(Version version) noexcept;

/// A request's control data and header section (RFC 9112 section 3). Owns its text.
struct RequestHead {
  std::string method = {};
  std::string target =
      {};  ///< as on the request line: origin-, absolute-, authority- or asterisk-form
  Version version = kHttp11;
  Fields fields = {};
};

/// A response's control data and header section (RFC 9112 section 4). Owns its text.
struct ResponseHead {
  Version version = kHttp11;
  int status = 200;         ///< 100 to 999 as received
  std::string reason = {};  ///< may be empty
  Fields fields = {};

  /// 1xx: more responses follow; 101 is final (RFC 9110 section 15.2).
  bool interim() const noexcept { return status < 200 && status != 101; }
};

/// The phrase registered for a status code, or "" (RFC 9110 section 15).
std::string_view status_phrase(int status) noexcept;

/// Methods defined as idempotent (RFC 9110 section 9.2.2).
bool is_idempotent(std::string_view method) noexcept;

}  // namespace tapedeck::http
