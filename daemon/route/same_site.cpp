#include "daemon/route/same_site.hpp"

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"
#include "client/net/certificate.hpp"
#include "client/net/error.hpp"

namespace tapedeck {
namespace {

Failure denied(std::string detail) {
  return Failure{net::Error::denied, Stage::route, Blame::remote, std::move(detail)};
}

/// A page that rebinds its own name to our address still sends that name.
bool names_this_machine(const http::Authority& authority) {
  return authority.ipv6_literal || net::is_address(authority.host) ||
         http::iequals(authority.host, "localhost");
}

}  // namespace

Result<void> check_same_site(const http::RequestHead& head) {
  const std::string host(head.fields.get("Host").value_or(""));
  const auto authority = http::parse_authority(host);
  if (!host.empty() && (!authority || !names_this_machine(*authority))) {
    return denied("we answer to localhost or an address, not to the Host " + host);
  }
  const auto origin = head.fields.get("Origin");
  if (origin && !http::iequals(*origin, "http://" + host)) {
    return denied("a page of another site, " + std::string(*origin) + ", may not ask");
  }
  const auto site = head.fields.get("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") {
    return denied("a page of another site may not ask");
  }
  return {};
}

}  // namespace tapedeck
