#pragma once

#include <optional>
#include <string>

#include "client/http/message.hpp"
#include "client/http/result.hpp"
#include "client/http/url.hpp"
#include "storage/exchange.hpp"

namespace tapedeck {

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
};

/// Decides from the request line alone; pure. `reverse` is the --reverse URL, if any.
/// Fails with Stage::route and a detail that tells the user what to change.
Result<Route> route(const http::RequestHead& head, const std::optional<http::Url>& reverse);

}  // namespace tapedeck
