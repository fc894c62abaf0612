#pragma once

#include <system_error>

namespace tapedeck::client {

/// What goes wrong between a program and the connection it uses; what goes wrong on the wire is
/// http::Error and net::Error.
enum class Error {
  not_connected = 1,    ///< closed, and Options::auto_open is off
  cannot_send_request,  ///< the request before is not finished, or not answered
  cannot_send_header,   ///< no request was begun, or its head is already sent
  cannot_send_body,     ///< no request with a body is under way
  response_not_ready,   ///< no request was sent to be answered
  response_gone,        ///< the connection went on to another exchange, or was destroyed
  tunnel_refused,       ///< the proxy did not answer CONNECT with a 2xx
  bad_proxy,            ///< not a proxy's URL, or not a kind of proxy that is understood
  body_unreadable,      ///< the file a request's body comes from cannot be read
  framing_conflict,     ///< Content-Length or Transfer-Encoding contradict the body given
};

const std::error_category& error_category() noexcept;
std::error_code make_error_code(Error error) noexcept;

}  // namespace tapedeck::client

template <>
struct std::is_error_code_enum<tapedeck::client::Error> : std::true_type {};
