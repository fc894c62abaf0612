#include "daemon/route/gateway.hpp"

#include <string>
#include <vector>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"
#include "daemon/route/same_site.hpp"

namespace tapedeck {
namespace {

constexpr std::string_view kShape = "the gateway is asked for /https/HOST/PATH or /http/HOST/PATH";

Failure refuse(std::error_code code, std::string detail) {
  return Failure{code, Stage::route, Blame::remote, std::move(detail)};
}

constexpr std::string_view kSession = "/session/";

/// The NAME of "/session/NAME/https/...", taken off; empty where there is none.
std::string_view take_session(std::string_view& target) {
  if (!target.starts_with(kSession)) return {};
  const std::size_t end = target.find('/', kSession.size());
  if (end == std::string_view::npos) return {};
  const std::string_view name = target.substr(kSession.size(), end - kSession.size());
  target.remove_prefix(end);
  return name;
}

/// The gateway's URL for the server of `url`, without a path.
std::string base_of(const Route& route, const http::Url& url) {
  return route.gateway + route.gateway_prefix + "/" + url.scheme + "/" + url.authority.to_string();
}

/// A URI reference in a response, as the gateway's; what leads nowhere by HTTP stays as it is.
std::string through_gateway(std::string_view reference, const Route& route) {
  const std::size_t mark = reference.find('#');
  const auto url = http::resolve(route.url, reference.substr(0, mark));
  if (!url) return std::string(reference);
  std::string led = base_of(route, *url) + url->origin_form();
  if (mark != std::string_view::npos) led += reference.substr(mark);
  return led;
}

/// Every <URI reference> of a Link field (RFC 8288 section 3).
std::string links_through_gateway(std::string_view value, const Route& route) {
  std::string led;
  while (true) {
    const std::size_t open = value.find('<');
    const std::size_t close = value.find('>', open == std::string_view::npos ? value.size() : open);
    if (close == std::string_view::npos) return led.append(value);
    led.append(value.substr(0, open + 1));
    led += through_gateway(value.substr(open + 1, close - open - 1), route);
    value.remove_prefix(close);
  }
}

/// RFC 6265 section 5.2. The gateway is one host without TLS: the path alone keeps the cookies of
/// its servers apart.
std::string cookie_at_gateway(std::string_view cookie, const Route& route) {
  std::string kept;
  for (bool first = true; !cookie.empty(); first = false) {
    const std::size_t end = std::min(cookie.find(';'), cookie.size());
    std::string_view part = cookie.substr(0, end);
    cookie.remove_prefix(std::min(end + 1, cookie.size()));
    if (first) {
      kept = part;
      continue;
    }
    while (part.starts_with(' ')) part.remove_prefix(1);
    const std::size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    if (http::iequals(name, "Domain") || http::iequals(name, "Secure") ||
        http::iequals(part, "SameSite=None")) {
      continue;
    }
    kept += "; ";
    if (http::iequals(name, "Path") && part.substr(equals).starts_with("=/")) {
      const std::string_view path = part.substr(equals + 1);
      kept += "Path=" + route.gateway_prefix + "/" + route.url.scheme + "/" +
              route.url.authority.to_string();
      if (path != "/") kept += path;
    } else {
      kept += part;
    }
  }
  return kept;
}

}  // namespace

Result<Route> route_gateway(const http::RequestHead& head) {
  if (auto ok = check_same_site(head); !ok) return std::move(ok).error();
  std::string_view rest = head.target;
  const std::string_view session = take_session(rest);
  std::string scheme;
  for (const std::string_view known : {"https", "http"}) {
    if (!scheme.empty() || !rest.starts_with("/" + std::string(known) + "/")) continue;
    scheme = known;
    rest.remove_prefix(known.size() + 2);
  }
  if (scheme.empty()) return refuse(http::Error::bad_target, std::string(kShape));
  auto url = http::parse_url(scheme + "://" + std::string(rest));
  if (!url) {
    Failure failure = std::move(url).error();
    failure.stage = Stage::route;
    failure.detail += failure.detail.empty() ? kShape : "; " + std::string(kShape);
    return failure;
  }
  Route route;
  route.mode = storage::Mode::reverse;
  route.url = *std::move(url);
  route.target = route.url.origin_form();
  if (route.url.path.empty()) route.url.path = "/";
  route.session = session;
  if (!session.empty()) route.gateway_prefix = std::string(kSession).append(session);
  route.gateway = "http://" + std::string(head.fields.get("Host").value_or(""));
  return route;
}

void stay_at_gateway(http::Fields& fields, const Route& route) {
  http::Fields changed;
  for (const http::Fields::Line& line : fields) {
    if (http::iequals(line.name, "Location") || http::iequals(line.name, "Content-Location")) {
      changed.add(line.name, through_gateway(line.value, route));
    } else if (http::iequals(line.name, "Link")) {
      changed.add(line.name, links_through_gateway(line.value, route));
    } else if (http::iequals(line.name, "Set-Cookie")) {
      changed.add(line.name, cookie_at_gateway(line.value, route));
    } else {
      changed.add(line.name, line.value);
    }
  }
  fields = std::move(changed);
}

}  // namespace tapedeck
