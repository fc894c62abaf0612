#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/http/result.hpp"

namespace tapedeck::http {

/// host[:port] (RFC 3986 section 3.2, without userinfo). Owns its text.
struct Authority {
  std::string host;                   ///< as written; an IPv6 literal without its brackets
  std::optional<std::uint16_t> port;  ///< empty when absent or empty after the colon
  bool ipv6_literal = false;

  /// As in a Host field: brackets restored, the port only when there is one.
  std::string to_string() const;
  bool operator==(const Authority&) const = default;
};

/// Parses host[:port]. Userinfo, an empty host, a port above 65535 and bytes outside the grammar
/// are refused (bad_host, userinfo_in_target).
Result<Authority> parse_authority(std::string_view text);

/// The request target has the form its method calls for (RFC 9112 section 3.2): origin-form,
/// absolute-form with any scheme, authority-form for CONNECT alone, "*" for OPTIONS alone.
/// Userinfo and, in http and https, an empty host are refused (RFC 9110 sections 4.2.1, 4.2.4).
/// Precondition: `target` is not empty and holds bytes of class kTarget only.
Result<void> check_target(std::string_view method, std::string_view target);

/// True when a Host field value is within the grammar; an empty one is (RFC 9112 section 3.2).
bool valid_host_field(std::string_view value) noexcept;

/// scheme, host and port: what decides which connections may serve a request. Case-normalised.
struct Origin {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case, an IPv6 literal without its brackets
  std::uint16_t port = 0;

  std::string to_string() const;
  bool operator==(const Origin&) const = default;
};

/// An http or https URL (RFC 9110 section 4.2). Owns its text; path and query are kept byte for
/// byte as they were written.
struct Url {
  std::string scheme;  ///< lower case
  Authority authority;
  std::string path;  ///< may be empty
  std::optional<std::string> query;

  std::uint16_t port() const noexcept;
  Origin origin() const;
  /// path and query, "/" for an empty path: the origin-form (RFC 9112 section 3.2.1).
  std::string origin_form() const;
  std::string to_string() const;
};

/// Parses an absolute http or https URL. A fragment is refused: it never travels.
Result<Url> parse_url(std::string_view text);

/// What `reference`, absolute or relative, means at `base` (RFC 3986 section 5.2). A fragment is
/// dropped. Fails as parse_url() does, on other schemes too.
Result<Url> resolve(const Url& base, std::string_view reference);

std::uint16_t default_port(std::string_view scheme) noexcept;
std::string to_lower(std::string_view text);

}  // namespace tapedeck::http
