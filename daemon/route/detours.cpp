#include "daemon/route/detours.hpp"

#include <algorithm>

#include <asio/ip/address.hpp>

#include "daemon/intercept/host_pattern.hpp"

namespace tapedeck {
namespace {

Failure wrong(std::string_view option, std::string_view why) {
  return {std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
          std::string(option).append(": ").append(why)};
}

}  // namespace

Result<Detours> Detours::parse(const std::vector<std::string>& proxies,
                               const std::vector<std::string>& resolve) {
  Detours detours;
  std::vector<Way> for_all;
  for (const std::string& text : proxies) {
    // A URL's own '=' can only stand behind its "://".
    const std::size_t equals = text.find('=');
    const bool named = equals < text.find("://");
    const std::string url = named ? text.substr(equals + 1) : text;
    Way way{named ? text.substr(0, equals) : "*", {}};
    if (!named || url != "direct") {
      auto proxy = client::Proxy::parse(url);
      // Not the text itself: it may hold a password.
      if (!proxy) return wrong("upstream_proxy", proxy.error().detail);
      way.proxy = *std::move(proxy);
    }
    (named ? detours.ways_ : for_all).push_back(std::move(way));
  }
  if (for_all.size() > 1) return wrong("upstream_proxy", "only one can be for all hosts");
  std::ranges::move(for_all, std::back_inserter(detours.ways_));
  for (const std::string& text : resolve) {
    const std::size_t first = text.find(':');
    const std::size_t second = first == std::string::npos ? first : text.find(':', first + 1);
    std::string address = second == std::string::npos ? "" : text.substr(second + 1);
    if (address.starts_with('[') && address.ends_with(']')) {
      address = address.substr(1, address.size() - 2);
    }
    std::error_code bad;
    (void)asio::ip::make_address(address, bad);
    if (first == 0 || bad) return wrong("resolve", "expected HOST:PORT:ADDR, not '" + text + "'");
    detours.places_.push_back({text.substr(0, second), std::move(address)});
  }
  return detours;
}

const client::Proxy* Detours::proxy_for(std::string_view host, std::uint16_t port) const {
  for (const Way& way : ways_) {
    if (matches_host(way.hosts, host, port)) return way.proxy ? &*way.proxy : nullptr;
  }
  return nullptr;
}

const std::string* Detours::address_for(std::string_view host, std::uint16_t port) const {
  for (const Place& place : places_) {
    if (matches_host(place.host, host, port)) return &place.address;
  }
  return nullptr;
}

}  // namespace tapedeck
