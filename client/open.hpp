#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/connection_pool.hpp"
#include "client/http/message.hpp"
#include "client/http/url.hpp"
#include "client/net/dialer.hpp"
#include "client/socks.hpp"
#include "client/trace.hpp"

namespace tapedeck::client {

/// Where a connection leads, and by which way.
struct Destination {
  http::Origin origin;      ///< who is meant to answer; whose certificate is verified
  http::Authority dial_to;  ///< where TCP goes: the origin, a proxy, or an override; with its port
  /// CONNECT sent to `dial_to` first, with these fields; empty: no tunnel.
  std::optional<http::RequestHead> tunnel = {};
  /// `dial_to` is a SOCKS5 proxy, asked for this; empty: it is none.
  std::optional<SocksRequest> socks = {};
  std::shared_ptr<net::TlsContext> tls = {};  ///< null: plain
};

struct OpenOptions {
  net::DialOptions dial = {};
  std::chrono::milliseconds tls_timeout{30'000};  ///< the handshake; a proxy's answer
  http::Limits limits = {};
  /// Asked once TCP is connected and before a byte is sent: a failure ends it. Empty: all may be.
  std::function<Result<void>(const net::Stream&)> approve = {};
};

/// A CONNECT for a tunnel to `to`, a host with its port (RFC 9110 section 9.3.6).
http::RequestHead connect_request(const http::Authority& to, http::Fields fields);

/// An open connection and what it cost.
struct Opened {
  std::unique_ptr<PooledConnection> connection;
  std::optional<std::int64_t> dns_us = {};
  std::int64_t connect_us = 0;
  std::optional<std::int64_t> tls_us = {};
  std::optional<http::ResponseHead> tunnel_answer = {};
};

/// Dials, tunnels, shakes hands: each only where the destination asks for it.
/// Fails with the stage it came to; a proxy's refusal is Error::tunnel_refused.
net::Awaitable<Result<Opened>> open(Destination destination, OpenOptions options,
                                    net::Watchdog& watchdog, net::Executor executor, Trace trace);

}  // namespace tapedeck::client
