#pragma once

#include <string>
#include <string_view>

#include "client/http/message.hpp"
#include "daemon/settings.hpp"

namespace tapedeck {

/// A host that only exists through the proxy (RFC 6761 section 6.4: .invalid never resolves).
inline constexpr std::string_view kOwnHost = "tapedeck.invalid";

/// Answers a request for kOwnHost: /ca.pem is the CA's certificate, anything else says so.
void answer_own_host(const Settings& settings, std::string_view target, http::ResponseHead& head,
                     std::string& body);

}  // namespace tapedeck
