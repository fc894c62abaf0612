#pragma once

#include <optional>
#include <string>

#include "client/http/message.hpp"
#include "client/http/result.hpp"
#include "client/http/url.hpp"
#include "storage/exchange.hpp"

namespace tapedeck {

/// Which door a client came in by.
enum class Entrance {
  proxy,    ///< --listen
  gateway,  ///< --gateway
};

/// Where a request goes.
struct Route {
  enum class Kind {
    forward,  ///< to url's origin, as a request of its own
    tunnel,   ///< CONNECT: bytes relayed to url's authority
  };
  Kind kind = Kind::forward;
  storage::Mode mode = storage::Mode::forward;
  http::Url url;
  /// The target on the upstream request line: origin-form, or "*" (RFC 9112 section 3.2.4).
  std::string target;
  /// The Host field to send; empty: the authority of `url`.
  std::string host = {};
  /// Where TCP goes when not to the authority of `url`: a tunnel opened to one place and, by its
  /// ClientHello, to a server of another name.
  std::optional<http::Authority> dial_to = {};
  /// The gateway as the client knows it, "http://127.0.0.1:8889"; empty for any other request.
  std::string gateway = {};
  /// What the gateway's path began with, "/session/NAME", and the NAME: the recording that answers.
  std::string gateway_prefix = {};
  std::string session = {};
};

/// The far end of a tunnel that is read: what requests inside it go to.
struct TunnelEnd {
  http::Url url;  ///< scheme and authority
  std::optional<http::Authority> dial_to = {};
};

/// Decides from the request line alone; pure. `reverse` is the --reverse URL, if any.
/// `inside` is the tunnel the request came through, if any.
/// Fails with Stage::route and a detail that tells the user what to change.
Result<Route> route(const http::RequestHead& head, const std::optional<http::Url>& reverse,
                    const TunnelEnd* inside = nullptr);

}  // namespace tapedeck
