#include "daemon/settings.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/access/credentials.hpp"
#include "daemon/body_limits.hpp"
#include "daemon/fault/faults.hpp"
#include "daemon/housekeeper.hpp"
#include "daemon/intercept/authority.hpp"
#include "daemon/intercept/host_pattern.hpp"
#include "daemon/log.hpp"
#include "storage/match/rules.hpp"
#include "storage/redact/rules.hpp"

namespace tapedeck {
namespace {

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(sentence)};
}

http::Limits http_limits(const config::Limits& limits) {
  http::Limits http;
  http.max_start_line = limits.max_request_line;
  http.max_head_size = limits.max_head_size;
  http.max_fields = limits.max_header_count;
  return http;
}

/// Checked as far as it can be without connecting.
Result<std::optional<http::Url>> parse_reverse(const std::string& text) {
  std::optional<http::Url> reverse;
  if (text.empty()) return reverse;
  auto url = http::parse_url(text);
  if (!url) return wrong("reverse: " + url.error().detail);
  if (url->port() == 0) return wrong("reverse: port 0 is nowhere");
  if (url->query) return wrong("reverse: a query has no place in a base URL");
  reverse = *std::move(url);
  return reverse;
}

Result<std::shared_ptr<Faults>> parse_faults(const config::Options& options) {
  if (options.faults.empty()) return std::shared_ptr<Faults>();
  auto faults = Faults::parse(options.faults, options.limits.fault_seed);
  if (faults) {
    log::get(log::Component::forward)
        .warn("{} fault rules are in force, seed {}", options.faults.size(),
              options.limits.fault_seed);
  }
  return faults;
}

/// "25,465" or "none".
std::vector<std::uint16_t> parse_ports(const std::string& text) {
  std::vector<std::uint16_t> ports;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end; ++at) {
    std::uint16_t port = 0;
    const auto [stop, error] = std::from_chars(at, end, port);
    if (error != std::errc{}) break;
    ports.push_back(port);
    at = stop;
  }
  return ports;
}

Result<AddressSet> parse_addresses(std::string_view option, const std::vector<std::string>& words) {
  AddressSet set;
  for (const std::string& word : words) {
    if (std::string why = set.add(word); !why.empty()) {
      return wrong(std::string(option).append(": ").append(why));
    }
  }
  return set;
}

}  // namespace

Result<std::shared_ptr<const Settings>> Settings::make(config::Options options,
                                                       const Settings* previous) {
  auto settings = std::make_shared<Settings>();
  settings->http_limits = tapedeck::http_limits(options.limits);
  settings->blocked_ports = parse_ports(options.blocked_ports);
  auto reverse = parse_reverse(options.reverse);
  if (!reverse) return std::move(reverse).error();
  settings->reverse = *std::move(reverse);
  auto detours = Detours::parse(options.upstream_proxies, options.resolve);
  if (!detours) return std::move(detours).error();
  settings->detours = *std::move(detours);
  const bool by_default = options.deny_upstream.empty();
  auto denied = parse_addresses(
      "deny_upstream", by_default ? std::vector<std::string>{"link-local"} : options.deny_upstream);
  if (!denied) return std::move(denied).error();
  settings->denied = *std::move(denied);
  if (by_default) (void)settings->denied_to_remote.add("loopback");
  auto clients = parse_addresses("allow_client", options.allow_clients);
  if (!clients) return std::move(clients).error();
  settings->clients = *std::move(clients);
  if (!options.proxy_auth.empty()) {
    auto credentials = Credentials::read(options.proxy_auth);
    if (!credentials) return std::move(credentials).error();
    settings->credentials = *std::move(credentials);
  }
  auto trust = Trust::open(options);
  if (!trust) return std::move(trust).error();
  settings->trust = *std::move(trust);
  auto faults = parse_faults(options);
  if (!faults) return std::move(faults).error();
  settings->faults = *std::move(faults);
  const auto& untouched = options.passthrough;
  if (previous != nullptr && previous->authority != nullptr) {
    settings->authority = previous->authority;
    settings->acceptor = previous->acceptor;
  } else if (std::find(untouched.begin(), untouched.end(), "*") == untouched.end()) {
    auto authority = Authority::open(options.ca_dir);
    if (!authority) return std::move(authority).error();
    settings->authority = *std::move(authority);
    settings->acceptor = std::make_shared<net::TlsAcceptor>();
  }
  settings->options = std::move(options);
  return std::shared_ptr<const Settings>(std::move(settings));
}

bool Settings::blocks(std::uint16_t port) const noexcept {
  return std::find(blocked_ports.begin(), blocked_ports.end(), port) != blocked_ports.end();
}

bool Settings::denies(const net::Endpoint& server, const net::Endpoint& client) const {
  return denied.contains(server.address()) ||
         (!unmapped(client.address()).is_loopback() && denied_to_remote.contains(server.address()));
}

bool Settings::admits(const net::Endpoint& client) const {
  if (unmapped(client.address()).is_loopback() || clients.contains(client.address())) return true;
  return clients.empty() && credentials != nullptr;
}

bool Settings::intercepts(std::string_view host, std::uint16_t port) const {
  return options.intercept.empty() || matches_any(options.intercept, host, port);
}

Result<void> check_rules(const config::Options& options) {
  using storage::MatchRules;
  if (auto ok = parse_reverse(options.reverse); !ok) return std::move(ok).error();
  if (auto ok = Detours::parse(options.upstream_proxies, options.resolve); !ok) {
    return std::move(ok).error();
  }
  if (auto ok = parse_addresses("deny_upstream", options.deny_upstream); !ok) {
    return std::move(ok).error();
  }
  if (auto ok = parse_addresses("allow_client", options.allow_clients); !ok) {
    return std::move(ok).error();
  }
  if (auto ok = parse_retention(options.retain); !ok) return std::move(ok).error();
  if (!options.session_listen.empty() && options.mode != "replay" && options.mode != "auto") {
    return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure,
                   Blame::local,
                   "session_listen takes mode replay or auto: nothing is answered from the log"};
  }
  if (auto ok = parse_body_limits(options.body_limits); !ok) return std::move(ok).error();
  if (auto ok = Faults::parse(options.faults, 0); !ok) return std::move(ok).error();
  if (auto ok = MatchRules::parse(options.match, options.ignore); !ok) {
    return std::move(ok).error();
  }
  if (auto ok = storage::RedactRules::parse(options.redact); !ok) return std::move(ok).error();
  return {};
}

}  // namespace tapedeck
