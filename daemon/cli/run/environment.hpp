#pragma once

#include <string>
#include <vector>

namespace tapedeck::cli {

/// Our environment with what makes programs use the proxy at `proxy_url` and trust the certificates
/// in the PEM files: `bundle`, the system's and ours, and `ca`, ours alone. Both empty: nothing is
/// said about trust.
std::vector<std::string> proxied_environment(const std::string& proxy_url,
                                             const std::string& bundle, const std::string& ca);

}  // namespace tapedeck::cli
