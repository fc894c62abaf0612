#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "client/http/connection.hpp"
#include "client/http/url.hpp"
#include "client/net/tls_acceptor.hpp"
#include "client/net/types.hpp"
#include "config/options.hpp"
#include "daemon/access/address_set.hpp"
#include "daemon/forward/trust.hpp"
#include "daemon/route/detours.hpp"

namespace tapedeck {

class Authority;
class Credentials;
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
  Detours detours;
  AddressSet denied;                         ///< addresses never connected to
  AddressSet denied_to_remote;               ///< nor these for clients of other machines
  AddressSet clients;                        ///< of other machines, that may connect
  std::shared_ptr<Credentials> credentials;  ///< null: nobody is asked for any

  /// Fails with Stage::configure. `previous`: those in force, whose CA goes on; null at start.
  static Result<std::shared_ptr<const Settings>> make(config::Options options,
                                                      const Settings* previous);

  bool blocks(std::uint16_t port) const noexcept;
  /// An address that nothing is sent to for that client.
  bool denies(const net::Endpoint& server, const net::Endpoint& client) const;
  /// That client may connect.
  bool admits(const net::Endpoint& client) const;
  /// --intercept says that TLS to that host is read.
  bool intercepts(std::string_view host, std::uint16_t port) const;
};

/// Looks at every rule that start() would parse, and opens nothing. Fails with Stage::configure.
Result<void> check_rules(const config::Options& options);

}  // namespace tapedeck
