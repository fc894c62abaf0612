#pragma once

#include <string_view>

#include "client/http/message.hpp"

/// What an intermediary changes in a message it passes on (RFC 9110 section 7.6).
namespace tapedeck::http {

/// Removes Connection, every field it names, and the hop-by-hop fields that should be named but
/// often are not: Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade, and the proxy's own
/// Proxy-Authorization and Proxy-Authenticate (sections 7.6.1, 11.7). The framing must have been
/// read before: Content-Length named in Connection goes too.
void remove_hop_by_hop(Fields& fields);

/// Removes the names that never belong in trailers: framing, routing, authentication and
/// hop-by-hop (section 6.5.1).
void remove_forbidden_trailers(Fields& trailers);

/// Appends this hop to Via (section 7.6.3), e.g. "1.1 tapedeck".
void append_via(Fields& fields, Version received, std::string_view pseudonym);

/// True when Via names that pseudonym: the message has passed here before.
bool passed_through(const Fields& fields, std::string_view pseudonym);

}  // namespace tapedeck::http
