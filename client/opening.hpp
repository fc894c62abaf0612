#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/net/tls_session.hpp"

namespace tapedeck::client {

/// The connection that a request went over: whom it led to, and what it cost to open.
struct Opening {
  std::string address;                 ///< the peer's, "192.0.2.1:443"
  std::optional<net::TlsFacts> tls;    ///< empty: plain TCP
  std::optional<std::int64_t> dns_us;  ///< empty for an address literal
  std::int64_t connect_us = 0;
  std::optional<std::int64_t> tls_us;
  bool reused = false;  ///< an earlier request opened it, and paid for it
};

}  // namespace tapedeck::client
