#pragma once

#include <string>
#include <vector>

#include "client/net/types.hpp"
#include "daemon/cli/run/kit.hpp"

namespace tapedeck::cli {

/// Where the proxy is, and what makes programs trust it.
struct Proxied {
  net::Endpoint proxy;
  Kit::Files files;
  std::string ca;  ///< the file of our certificate alone; "" where nothing need be trusted
};

/// Our environment with what makes programs use the proxy and trust its CA.
std::vector<std::string> proxied_environment(const Proxied& how);

}  // namespace tapedeck::cli
