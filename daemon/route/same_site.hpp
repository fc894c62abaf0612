#pragma once

#include "client/http/message.hpp"
#include "client/http/result.hpp"

namespace tapedeck {

/// Refuses what a browser sends on behalf of a web page that is not ours: a Host that is neither an
/// address nor localhost (a name rebound to us), a foreign Origin, or a Sec-Fetch-Site that says so
/// (https://www.w3.org/TR/fetch-metadata/). Fails with Stage::route, net::Error::denied.
Result<void> check_same_site(const http::RequestHead& head);

}  // namespace tapedeck
