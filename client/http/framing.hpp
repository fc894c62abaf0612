#pragma once

#include <cstdint>
#include <string_view>

#include "client/http/message.hpp"
#include "client/http/result.hpp"

namespace tapedeck::http {

/// How a message's body is delimited (RFC 9112 section 6.3).
struct Framing {
  enum class Kind {
    none,         ///< no body
    length,       ///< exactly `length` bytes
    chunked,      ///< chunked transfer coding
    until_close,  ///< a response that ends with its connection
  };
  Kind kind = Kind::none;
  std::uint64_t length = 0;

  static constexpr Framing none() { return {Kind::none, 0}; }
  static constexpr Framing of_length(std::uint64_t n) { return {Kind::length, n}; }
  static constexpr Framing chunked() { return {Kind::chunked, 0}; }
  static constexpr Framing until_close() { return {Kind::until_close, 0}; }

  bool has_body() const noexcept {
    return kind != Kind::none && !(kind == Kind::length && length == 0);
  }
  bool operator==(const Framing&) const = default;
};

/// The framing a received request declares. Ambiguity is refused, never repaired: Content-Length
/// beside Transfer-Encoding, a repeated or malformed Content-Length, any coding but a single
/// `chunked`, Transfer-Encoding in HTTP/1.0, a body on CONNECT.
Result<Framing> request_framing(const RequestHead& head);

/// The framing of a received response to a request of that method, refused likewise. No body after
/// HEAD, 1xx, 204, 304 and 2xx to CONNECT, whatever the fields say (section 6.3, rules 1 and 2).
Result<Framing> response_framing(const ResponseHead& head, std::string_view request_method);

/// Whether the sender of a message of this version and Connection field lets the connection go on
/// after it (section 9.3).
bool keeps_alive(Version version, const Fields& fields) noexcept;

}  // namespace tapedeck::http
