#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/http/result.hpp"
#include "client/http/url.hpp"
#include "client/net/deadline.hpp"
#include "client/net/stream.hpp"

namespace tapedeck::net {

/// How a TCP connection is opened.
struct DialOptions {
  std::chrono::milliseconds resolve{10'000};  ///< how long the name's lookup may take
  std::chrono::milliseconds connect{30'000};  ///< how long all attempts together may take
  std::string source_address = {};            ///< bind to this one first; empty: any
  /// Asked of each address before it is connected to; empty: all may be. None left: Error::denied.
  std::function<bool(const Endpoint&)> permitted = {};
};

/// A fresh connection and what it cost.
struct Dialed {
  Stream stream;
  std::string address;                 ///< the one that answered, "192.0.2.1:80"
  std::optional<std::int64_t> dns_us;  ///< empty for an address literal
  std::int64_t connect_us = 0;
};

/// Addresses in the order to try them: families alternate, the resolver's first one first
/// (RFC 8305 section 4).
std::vector<Endpoint> interleave(const std::vector<Endpoint>& resolved);

/// Resolves and connects, racing the addresses (RFC 8305): the next one starts when the one before
/// has failed or has not answered within 250 ms; the first to answer wins.
/// Fails with Stage::resolve or Stage::connect and a detail that names host and addresses.
Awaitable<Result<Dialed>> dial(std::string host, std::uint16_t port, DialOptions options,
                               Watchdog& watchdog, Executor executor);

}  // namespace tapedeck::net
