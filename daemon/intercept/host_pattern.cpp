#include "daemon/intercept/host_pattern.hpp"

#include <algorithm>

#include "client/http/url.hpp"

namespace tapedeck {
namespace {

/// Linear in the pattern times the text: the last `*` alone is ever gone back to.
bool glob(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.size() && pattern[at] == text[i]) {
      ++at;
      ++i;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

}  // namespace

bool matches_host(std::string_view pattern, std::string_view host, std::uint16_t port) {
  const std::string wanted = http::to_lower(pattern);
  const std::string name = http::to_lower(host);
  return glob(wanted, name) || glob(wanted, bracketed(name)) ||
         glob(wanted, bracketed(name) + ':' + std::to_string(port));
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view host,
                 std::uint16_t port) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_host(pattern, host, port); });
}

}  // namespace tapedeck
