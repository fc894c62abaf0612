#include "daemon/intercept/host_pattern.hpp"

#include <algorithm>

#include "client/http/url.hpp"
#include "storage/glob.hpp"

namespace tapedeck {
namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

}  // namespace

bool matches_host(std::string_view pattern, std::string_view host, std::uint16_t port) {
  const std::string wanted = http::to_lower(pattern);
  const std::string name = http::to_lower(host);
  using storage::glob;
  return glob(wanted, name) || glob(wanted, bracketed(name)) ||
         glob(wanted, bracketed(name) + ':' + std::to_string(port));
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view host,
                 std::uint16_t port) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_host(pattern, host, port); });
}

}  // namespace tapedeck
