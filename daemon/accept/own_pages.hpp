#pragma once

#include <string>
#include <string_view>

#include "client/http/message.hpp"
#include "daemon/settings.hpp"

namespace tapedeck {

/// A host that only exists through the proxy (RFC 6761 section 6.4: .invalid never resolves).
inline constexpr std::string_view kOwnHost = "tapedeck.invalid";

/// For browsers that are told where to find their proxy: asked for without a proxy.
inline constexpr std::string_view kProxyScript = "/proxy.pac";

/// Answers a request for one of the pages: /ca.pem is the CA's certificate, /proxy.pac leads
/// browsers to the proxy at `door`, anything else says what there is.
void answer_own_page(const Settings& settings, std::string_view target, const net::Endpoint& door,
                     http::ResponseHead& head, std::string& body);

}  // namespace tapedeck
