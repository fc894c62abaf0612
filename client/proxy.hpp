#pragma once

#include <string>
#include <string_view>

#include "client/http/result.hpp"
#include "client/http/url.hpp"

namespace tapedeck::client {

/// An HTTP proxy that requests go through: absolute-form for http, a CONNECT tunnel for https.
struct Proxy {
  http::Authority authority;  ///< with its port
  std::string authorization;  ///< value of Proxy-Authorization; empty: none is sent

  /// "http://[user:password@]host[:port]"; the port defaults to 80. User and password may be
  /// percent-encoded and become Basic credentials (RFC 7617). Fails with Error::bad_proxy.
  static Result<Proxy> parse(std::string_view url);
};

/// Value of an Authorization field: "Basic ..." (RFC 7617 section 2).
std::string basic_credentials(std::string_view user, std::string_view password);

}  // namespace tapedeck::client
