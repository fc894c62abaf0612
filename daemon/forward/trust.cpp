#include "daemon/forward/trust.hpp"

#include <algorithm>

#include "config/value.hpp"
#include "daemon/intercept/host_pattern.hpp"
#include "daemon/log.hpp"

namespace tapedeck {

Result<Trust> Trust::open(const config::Options& options) {
  net::TlsOptions anchors;
  if (!options.upstream_ca.empty()) {
    anchors.ca_files.push_back(options.upstream_ca);
    anchors.forgive_omissions = true;  // somebody's own CA, as likely as not made in one line
  }
  Trust trust;
  trust.insecure_hosts_ = options.insecure_hosts;
  const bool insecure = !options.insecure_hosts.empty();
  for (const std::string& given : options.client_certs) {
    const config::ClientCert cert = config::parse_client_cert(given);
    net::TlsOptions tls = anchors;
    tls.certificate_file = cert.certificate_file;
    tls.key_file = cert.key_file;
    auto settings = make(cert.host, std::move(tls), insecure);
    if (!settings) return std::move(settings).error();
    trust.settings_.push_back(*std::move(settings));
  }
  auto others = make("", std::move(anchors), insecure);
  if (!others) return std::move(others).error();
  trust.settings_.push_back(*std::move(others));
  for (const std::string& host : options.insecure_hosts) {
    log::get(log::Component::tls)
        .warn("INSECURE: the certificates of {} are not verified", log::escape(host));
  }
  return trust;
}

Result<Trust::Settings> Trust::make(std::string hosts, net::TlsOptions tls, bool insecure) {
  Settings settings{.hosts = std::move(hosts), .verified = nullptr, .insecure = nullptr};
  auto verified = net::TlsContext::create(tls);
  if (!verified) return std::move(verified).error();
  settings.verified = *std::move(verified);
  if (!insecure) return settings;
  tls.verify = false;
  auto unverified = net::TlsContext::create(tls);
  if (!unverified) return std::move(unverified).error();
  settings.insecure = *std::move(unverified);
  return settings;
}

const std::shared_ptr<net::TlsContext>& Trust::context_for(std::string_view host,
                                                           std::uint16_t port) const {
  const auto found =
      std::find_if(settings_.begin(), settings_.end(), [&](const Settings& settings) {
        return settings.hosts.empty() || matches_host(settings.hosts, host, port);
      });
  return matches_any(insecure_hosts_, host, port) ? found->insecure : found->verified;
}

}  // namespace tapedeck
