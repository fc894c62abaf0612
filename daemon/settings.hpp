#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "client/http/connection.hpp"
#include "client/http/url.hpp"
#include "client/net/tls_acceptor.hpp"
#include "config/options.hpp"
#include "daemon/forward/trust.hpp"

namespace tapedeck {

class Authority;
class Faults;

/// What the configuration says, ready for use. Immutable and for any thread: a reload makes new
/// ones, and an exchange keeps those it began with.
struct Settings {
  config::Options options;
  http::Limits http_limits;
  std::optional<http::Url> reverse;
  Trust trust;                                 ///< towards servers
  std::shared_ptr<Authority> authority;        ///< null when nothing is intercepted
  std::shared_ptr<net::TlsAcceptor> acceptor;  ///< how clients are met inside a tunnel
  std::shared_ptr<Faults> faults;              ///< what befalls requests; null without any
  std::vector<std::uint16_t> blocked_ports;    ///< nothing is ever sent to them

  /// Fails with Stage::configure. `previous`: those in force, whose CA goes on; null at start.
  static Result<std::shared_ptr<const Settings>> make(config::Options options,
                                                      const Settings* previous);

  bool blocks(std::uint16_t port) const noexcept;
  /// --intercept says that TLS to that host is read.
  bool intercepts(std::string_view host, std::uint16_t port) const;
};

}  // namespace tapedeck
