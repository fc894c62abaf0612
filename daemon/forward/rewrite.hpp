#pragma once

#include <optional>
#include <string_view>

#include "client/http/framing.hpp"
#include "client/http/message.hpp"
#include "daemon/route/router.hpp"

/// How a message changes on its way through (RFC 9110 section 7.6). Pure.
namespace tapedeck {

/// The request as it goes upstream: hop-by-hop fields gone, Host from the target (RFC 9112 section
/// 3.2.2), Via appended, Max-Forwards counted down where `forwards_left` is given.
http::RequestHead upstream_request(const http::RequestHead& received, const Route& route,
                                   std::string_view pseudonym,
                                   std::optional<unsigned> forwards_left);

/// A response as it goes to the client: hop-by-hop fields gone, Via appended, Date added where it
/// lacks (RFC 9110 section 6.6.1), `Connection: close` when `close`.
http::ResponseHead downstream_response(const http::ResponseHead& received,
                                       std::string_view pseudonym, bool close);

/// How the body goes on to the client. An HTTP/1.0 client knows no chunks (RFC 9112 section 6.1).
http::Framing downstream_framing(http::Framing received, http::Version client_version);

/// Max-Forwards of TRACE and OPTIONS (RFC 9110 section 7.6.2): empty for any other method or where
/// the field is absent or not a number.
std::optional<unsigned> max_forwards(const http::RequestHead& head);

}  // namespace tapedeck
