#include "daemon/route/router.hpp"

#include "client/http/error.hpp"

namespace tapedeck {
namespace {

Failure refuse(http::Error error, std::string detail) {
  return Failure{error, Stage::route, Blame::remote, std::move(detail)};
}

/// A parser's failure, at the stage it has here.
Failure refuse(Failure failure) {
  failure.stage = Stage::route;
  return failure;
}

Result<Route> route_connect(const http::RequestHead& head) {
  auto authority = http::parse_authority(head.target);
  if (!authority) return refuse(std::move(authority).error());
  // RFC 9110 section 9.3.6: "A server MUST reject a CONNECT request that targets an empty or
  // invalid port number".
  if (!authority->port || *authority->port == 0) {
    return refuse(http::Error::bad_target, "CONNECT needs host:port");
  }
  Route route;
  route.kind = Route::Kind::tunnel;
  route.mode = storage::Mode::tunnel;
  route.url.scheme = "https";
  route.url.authority = *std::move(authority);
  return route;
}

Result<Route> route_absolute(const http::RequestHead& head) {
  auto url = http::parse_url(head.target);
  if (!url) return refuse(std::move(url).error());
  Route route;
  route.url = *std::move(url);
  // RFC 9112 section 3.2.4: the last proxy turns OPTIONS with an empty path and no query into "*".
  const bool asterisk =
      head.method == "OPTIONS" && route.url.path.empty() && !route.url.query.has_value();
  route.target = asterisk ? "*" : route.url.origin_form();
  if (route.url.path.empty()) route.url.path = asterisk ? "*" : "/";
  return route;
}

Result<Route> route_reverse(const http::RequestHead& head, const http::Url& base) {
  Route route;
  route.mode = storage::Mode::reverse;
  route.url.scheme = base.scheme;
  route.url.authority = base.authority;
  if (head.target == "*") {
    route.url.path = route.target = "*";
    return route;
  }
  std::string prefix = base.path;
  while (prefix.ends_with('/')) prefix.pop_back();
  const std::size_t mark = head.target.find('?');
  route.url.path = prefix + head.target.substr(0, mark);
  if (mark != std::string::npos) route.url.query = head.target.substr(mark + 1);
  route.target = route.url.origin_form();
  return route;
}

/// Inside a tunnel we stand for the origin server (RFC 9112 section 3.2.1); absolute-form must be
/// understood there too (section 3.2.2), and may not lead elsewhere.
Result<Route> route_inside(const http::RequestHead& head, const TunnelEnd& end) {
  if (head.method == "CONNECT") {
    return refuse(http::Error::bad_target, "CONNECT inside a tunnel that is read");
  }
  Route route;
  if (head.target.starts_with('/') || head.target == "*") {
    const std::size_t mark = head.target.find('?');
    route.url = end.url;
    route.url.path = head.target.substr(0, mark);
    if (mark != std::string::npos) route.url.query = head.target.substr(mark + 1);
    route.target = head.target;
    route.host = head.fields.get("Host").value_or("");
  } else {
    auto absolute = route_absolute(head);
    if (!absolute) return absolute;
    if (!(absolute->url.origin() == end.url.origin())) {
      return refuse(http::Error::bad_target, "this tunnel leads to " + end.url.to_string());
    }
    route = *std::move(absolute);
  }
  route.mode = storage::Mode::intercept;
  route.dial_to = end.dial_to;
  return route;
}

}  // namespace

Result<Route> route(const http::RequestHead& head, const std::optional<http::Url>& reverse,
                    const TunnelEnd* inside) {
  if (head.target == "*" && head.method != "OPTIONS") {
    return refuse(http::Error::bad_target, "only OPTIONS may ask for *");
  }
  if (inside != nullptr) return route_inside(head, *inside);
  if (head.method == "CONNECT") return route_connect(head);
  const bool asterisk = head.target == "*";
  if (!asterisk && !head.target.starts_with('/')) return route_absolute(head);
  if (reverse) return route_reverse(head, *reverse);
  // Routing by the Host field would let any web page drive the proxy.
  return refuse(http::Error::bad_target,
                "this is a forward proxy: set it as your HTTP proxy (curl -x http://ADDR:PORT "
                "URL), or start it with --reverse URL to answer such requests");
}

}  // namespace tapedeck
