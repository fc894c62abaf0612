#pragma once

#include <string_view>
#include <system_error>

#include "client/http/result.hpp"

namespace tapedeck::net {

/// What can go wrong below HTTP that the operating system has no errno for.
enum class Error {
  name_not_found = 1,     ///< the resolver says there is no such host
  resolver_failed,        ///< the resolver could not answer (try again)
  timed_out,              ///< a deadline passed; Failure::stage tells which
  closed,                 ///< the peer closed the connection
  canceled,               ///< our side gave up
  unreachable,            ///< every address failed, for different reasons
  unsupported_scheme,     ///< no transport for that scheme
  loop,                   ///< the connection would lead back to this process
  denied,                 ///< the configuration forbids going there
  bad_tls_file,           ///< a certificate, key or revocation list that cannot be used
  untrusted_certificate,  ///< the server's certificate did not stand verification
  tls_failed,             ///< the handshake or a record broke TLS's rules
  tls_alert,              ///< the peer refused, by a TLS alert
  tls_truncated,          ///< closed without close_notify: what came may not be all
};

const std::error_category& error_category() noexcept;
std::error_code make_error_code(Error error) noexcept;

/// asio 1.22's own system category as the standard one: its errors do not compare equal to
/// std::errc. Every code that leaves client/net has passed here.
std::error_code portable(std::error_code code) noexcept;

/// A resolver's error (asio's netdb category) as one of ours.
std::error_code from_resolver(std::error_code code) noexcept;

/// True when the peer or the network ended the connection (EOF, reset, broken pipe).
bool is_disconnect(std::error_code code) noexcept;

}  // namespace tapedeck::net

template <>
struct std::is_error_code_enum<tapedeck::net::Error> : std::true_type {};
