#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "client/http/limits.hpp"
#include "client/http/message.hpp"
#include "client/http/url.hpp"
#include "client/net/tls_context.hpp"
#include "client/proxy.hpp"
#include "client/trace.hpp"

namespace tapedeck::client {

/// How long each stage may take before it fails with Condition::timeout. Kept to within 200 ms.
struct Timeouts {
  std::chrono::milliseconds resolve{10'000};  ///< the name's lookup
  std::chrono::milliseconds connect{30'000};  ///< TCP, all addresses together
  std::chrono::milliseconds tls{30'000};      ///< the handshake, and a proxy's answer to CONNECT
  std::chrono::milliseconds send{60'000};     ///< each piece of a request
  std::chrono::milliseconds head{60'000};     ///< from the request sent to the whole head received
  std::chrono::milliseconds body{60'000};     ///< each piece of a response
  std::chrono::milliseconds total{0};         ///< a whole exchange; 0: no bound

  /// The same for each stage.
  static Timeouts each(std::chrono::milliseconds time) {
    return {time, time, time, time, time, time, std::chrono::milliseconds{0}};
  }
};

/// Which fields a request begun step by step gets without being asked.
struct AutomaticFields {
  bool host = true;
  bool accept_encoding = true;  ///< "identity"
};

/// How a connection behaves. The defaults suit a program that talks to an API.
struct Options {
  Timeouts timeouts = {};
  http::Limits limits = {};
  std::shared_ptr<net::TlsContext> tls = {};  ///< for https; null: TlsContext::system()
  std::optional<Proxy> proxy = {};
  /// Connect there, whatever the origin's host and port say; Host, SNI and the certificate checked
  /// stay the origin's.
  std::optional<http::Authority> connect_to = {};
  std::string source_address = {};                  ///< an address of this machine to connect from
  std::size_t block_size = std::size_t{64} * 1024;  ///< bytes asked of the socket, or of a file
  std::uint64_t max_body = 1ull << 30;              ///< bytes read() or read_line() will hold
  /// An unread response is read to its end if that is no further than this, so that the connection
  /// can be used again; beyond it the connection is closed.
  std::uint64_t drain_limit = 64 * 1024;
  bool auto_open = true;  ///< connect when a request needs it, and again after a close
  http::Version version = http::kHttp11;  ///< of the requests: 1.1 or 1.0
  Trace trace = {};
};

}  // namespace tapedeck::client
