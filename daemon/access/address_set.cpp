#include "daemon/access/address_set.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <asio/ip/address.hpp>

namespace tapedeck {
namespace {

struct Group {
  std::string_view name;
  std::vector<std::string_view> networks;
};

const std::array<Group, 4>& groups() {
  static const std::array<Group, 4> kGroups = {{
      {"none", {}},
      {"loopback", {"127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"}},
      {"link-local", {"169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32"}},
      {"private", {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}},
  }};
  return kGroups;
}

}  // namespace

asio::ip::address unmapped(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

std::string AddressSet::add(std::string_view word) {
  for (const Group& group : groups()) {
    if (group.name != word) continue;
    for (const std::string_view network : group.networks) (void)add(network);
    return {};
  }
  std::string network(word);
  std::error_code error;
  if (network.find('/') == std::string::npos) {
    network += network.find(':') == std::string::npos ? "/32" : "/128";
  }
  const auto v4 = asio::ip::make_network_v4(network, error);
  if (!error) {
    v4_.push_back(v4.canonical());
    return {};
  }
  const auto v6 = asio::ip::make_network_v6(network, error);
  if (error) {
    return "expected ADDR, ADDR/PREFIX, loopback, link-local, private or none, not '" +
           std::string(word) + "'";
  }
  v6_.push_back(v6.canonical());
  return {};
}

bool AddressSet::contains(const asio::ip::address& address) const {
  const asio::ip::address one = unmapped(address);
  if (one.is_v4()) {
    return std::ranges::any_of(v4_, [&](const asio::ip::network_v4& network) {
      return network.network() ==
             asio::ip::network_v4(one.to_v4(), network.prefix_length()).network();
    });
  }
  // A scope is where an address is reached, not which it is.
  const asio::ip::address_v6 v6(one.to_v6().to_bytes());
  return std::ranges::any_of(v6_, [&](const asio::ip::network_v6& network) {
    return network.network() == asio::ip::network_v6(v6, network.prefix_length()).network();
  });
}

}  // namespace tapedeck
