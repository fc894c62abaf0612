#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "client/net/tls_context.hpp"
#include "config/options.hpp"

namespace tapedeck {

/// How each server is verified, and which certificate of ours it is shown. Immutable, any thread.
class Trust {
 public:
  /// Fails with Stage::configure, naming the file that cannot be used. Warns of insecure hosts.
  static Result<Trust> open(const config::Options& options);

  /// The TLS settings towards that server; the same ones for the same server, always.
  const std::shared_ptr<net::TlsContext>& context_for(std::string_view host,
                                                      std::uint16_t port) const;

 private:
  /// The servers of a pattern, or with an empty one all others.
  struct Settings {
    std::string hosts;
    std::shared_ptr<net::TlsContext> verified;
    std::shared_ptr<net::TlsContext> insecure;  ///< null when no host is insecure
  };
  static Result<Settings> make(std::string hosts, net::TlsOptions tls, bool insecure);

  std::vector<Settings> settings_;  ///< the first that matches; the last matches all
  std::vector<std::string> insecure_hosts_;
};

}  // namespace tapedeck
