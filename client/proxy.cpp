#include "client/proxy.hpp"

#include <charconv>

#include "client/error.hpp"
#include "client/http/base64.hpp"
#include "client/open.hpp"

namespace tapedeck::client {
namespace {

Failure refuse(std::string detail) {
  return {Error::bad_proxy, Stage::configure, Blame::local, std::move(detail)};
}

/// RFC 3986 section 2.1; a '%' without two digits stands for itself.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto end = digits.data() + digits.size();
    if (text[i] == '%' && digits.size() == 2 &&
        std::from_chars(digits.data(), end, byte, 16).ptr == end) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::string basic_credentials(std::string_view user, std::string_view password) {
  return "Basic " + http::base64(std::string(user).append(":").append(password));
}

Result<Proxy> Proxy::parse(std::string_view url) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kSocks = "socks5://";
  const std::string lower = http::to_lower(url);
  Proxy proxy;
  if (lower.starts_with(kSocks)) {
    proxy.kind = Kind::socks5;
  } else if (!lower.starts_with(kHttp)) {
    return refuse("a proxy is written http://[user:password@]host:port or socks5://...");
  }
  const bool socks = proxy.kind == Kind::socks5;
  std::string_view rest = url.substr((socks ? kSocks : kHttp).size());
  rest = rest.substr(0, rest.find('/'));
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view userinfo = rest.substr(0, at);
    const std::size_t colon = userinfo.find(':');
    proxy.user = percent_decoded(userinfo.substr(0, colon));
    if (colon != std::string_view::npos) {
      proxy.password = percent_decoded(userinfo.substr(colon + 1));
    }
    rest.remove_prefix(at + 1);
  }
  auto authority = http::parse_authority(rest);
  if (!authority) return refuse(authority.error().code.message() + ": " + authority.error().detail);
  proxy.authority = *std::move(authority);
  if (!proxy.authority.port) proxy.authority.port = socks ? 1080 : http::default_port("http");
  return proxy;
}

std::string Proxy::authorization() const {
  return user.empty() && password.empty() ? std::string() : basic_credentials(user, password);
}

void Proxy::address(http::RequestHead& head, const http::Origin& origin) const {
  if (head.target.starts_with('/')) head.target = origin.to_string() + head.target;
  if (head.target == "*") head.target = origin.to_string();
  if (const std::string value = authorization(); !value.empty()) {
    head.fields.set("Proxy-Authorization", value);
  }
}

void Proxy::lead(Destination& to, bool unread) const {
  if (kind == Kind::socks5) {
    to.socks = SocksRequest{to.dial_to, user, password};
  } else if (unread) {
    http::Fields fields;
    if (const std::string value = authorization(); !value.empty()) {
      fields.add("Proxy-Authorization", value);
    }
    to.tunnel = connect_request(to.dial_to, std::move(fields));
  }
  to.dial_to = authority;
}

}  // namespace tapedeck::client
