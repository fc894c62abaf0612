#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/http/message.hpp"
#include "client/http/result.hpp"
#include "client/http/url.hpp"

namespace tapedeck::client {

struct Destination;

/// A proxy that requests go through. An HTTP proxy is asked in absolute-form for http and for a
/// CONNECT tunnel for https; a SOCKS5 proxy (RFC 1928) for a connection, by name, for either.
struct Proxy {
  enum class Kind : std::uint8_t { http, socks5 };
  Kind kind = Kind::http;
  http::Authority authority;  ///< with its port
  std::string user;           ///< empty: no credentials are sent
  std::string password;

  /// "http://[user:password@]host[:port]" or "socks5://…"; the port defaults to 80 and 1080. User
  /// and password may be percent-encoded. Fails with Error::bad_proxy.
  static Result<Proxy> parse(std::string_view url);

  /// Value of Proxy-Authorization, Basic credentials (RFC 7617); empty: none is sent.
  std::string authorization() const;

  /// Makes `head`, in origin-form or "*", a request to this HTTP proxy for `origin` (RFC 9112
  /// section 3.2.2), with the credentials there are.
  void address(http::RequestHead& head, const http::Origin& origin) const;

  /// Makes `to` lead to where it leads by way of this proxy. `unread`: the proxy passes bytes on;
  /// otherwise an HTTP proxy is to be sent requests in absolute-form.
  void lead(Destination& to, bool unread) const;
};

/// Value of an Authorization field: "Basic ..." (RFC 7617 section 2).
std::string basic_credentials(std::string_view user, std::string_view password);

}  // namespace tapedeck::client
