#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>

#include "client/http/result.hpp"

namespace tapedeck {

/// Which addresses an option means. Immutable. An IPv4 address written as IPv6 (::ffff:127.0.0.1)
/// is the IPv4 address.
class AddressSet {
 public:
  /// Words: ADDR, ADDR/PREFIX, `loopback` (with the unspecified address, which leads there),
  /// `link-local` (with the addresses at which clouds serve metadata), `private` (RFC 1918, RFC
  /// 4193), `none`. Returns what is wrong with one, or "".
  std::string add(std::string_view word);

  bool contains(const asio::ip::address& address) const;
  bool empty() const noexcept { return v4_.empty() && v6_.empty(); }

 private:
  std::vector<asio::ip::network_v4> v4_;
  std::vector<asio::ip::network_v6> v6_;
};

/// ::ffff:127.0.0.1 is 127.0.0.1.
asio::ip::address unmapped(const asio::ip::address& address);

}  // namespace tapedeck
