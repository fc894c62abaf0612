#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "client/proxy.hpp"

namespace tapedeck {

/// Where connections go instead of where the URL says: --upstream-proxy and --resolve. Immutable.
class Detours {
 public:
  /// `proxies`: "[HOST=]URL" or "HOST=direct"; those that name a host are asked first, in order.
  /// `resolve`: "HOST:PORT:ADDR", as curl has it. Fails with Stage::configure.
  static Result<Detours> parse(const std::vector<std::string>& proxies,
                               const std::vector<std::string>& resolve);

  /// Which proxy leads to that host; null: none does.
  const client::Proxy* proxy_for(std::string_view host, std::uint16_t port) const;
  /// The address to take for that host; null: the resolver's.
  const std::string* address_for(std::string_view host, std::uint16_t port) const;

 private:
  struct Way {
    std::string hosts;                   ///< a host pattern
    std::optional<client::Proxy> proxy;  ///< empty: direct
  };
  struct Place {
    std::string host;  ///< a host pattern with its port
    std::string address;
  };
  std::vector<Way> ways_;
  std::vector<Place> places_;
};

}  // namespace tapedeck
