#include "client/http/url.hpp"

#include <algorithm>
#include <charconv>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"

namespace tapedeck::http {
namespace {

Failure refuse(Error error, std::string detail) {
  return Failure{error, Stage::request, Blame::remote, std::move(detail)};
}

bool valid_ipv6_text(std::string_view text) noexcept {
  bool colon = false;
  for (char c : text) {
    if (c == ':') {
      colon = true;
    } else if (!is(c, kHexDigit) && c != '.') {
      return false;
    }
  }
  return colon;
}

/// host and port as views, before any check of their content.
struct Parts {
  std::string_view host;
  std::optional<std::string_view> port;
  bool bracketed = false;
  bool well_formed = true;
};

Parts split(std::string_view text) noexcept {
  Parts parts;
  if (text.starts_with('[')) {
    parts.bracketed = true;
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) {
      parts.well_formed = false;
      return parts;
    }
    parts.host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (text.empty()) return parts;
    parts.well_formed = text.front() == ':';
    parts.port = text.substr(1);
    return parts;
  }
  const std::size_t colon = text.find(':');
  parts.host = text.substr(0, colon);
  if (colon != std::string_view::npos) parts.port = text.substr(colon + 1);
  return parts;
}

bool valid_host(const Parts& parts) noexcept {
  if (!parts.well_formed) return false;
  if (parts.bracketed) return valid_ipv6_text(parts.host);
  return find_not(parts.host, kRegName) == parts.host.size();
}

}  // namespace

std::string Authority::to_string() const {
  std::string text = ipv6_literal ? "[" + host + "]" : host;
  if (port) text += ":" + std::to_string(*port);
  return text;
}

Result<Authority> parse_authority(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    return refuse(Error::userinfo_in_target,
                  "a name or password before '@' is not accepted in a URL");
  }
  const Parts parts = split(text);
  if (!valid_host(parts)) {
    return refuse(Error::bad_host, "host and port are not of the form host[:port]");
  }
  if (parts.host.empty()) return refuse(Error::bad_host, "the host is empty");
  Authority authority{std::string(parts.host), std::nullopt, parts.bracketed};
  if (parts.port && !parts.port->empty()) {
    std::uint32_t port = 0;
    const auto [end, error] =
        std::from_chars(parts.port->data(), parts.port->data() + parts.port->size(), port);
    if (error != std::errc{} || end != parts.port->data() + parts.port->size() || port > 65535 ||
        !is(parts.port->front(), kDigit)) {
      return refuse(Error::bad_host, "the port is not a number up to 65535");
    }
    authority.port = static_cast<std::uint16_t>(port);
  }
  return authority;
}

bool valid_host_field(std::string_view value) noexcept {
  const Parts parts = split(value);
  if (!valid_host(parts)) return false;
  return !parts.port || find_not(*parts.port, kDigit) == parts.port->size();
}

std::string Origin::to_string() const {
  const bool bracket = host.find(':') != std::string::npos;
  std::string text = scheme + "://" + (bracket ? "[" + host + "]" : host);
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::uint16_t Url::port() const noexcept {
  return authority.port ? *authority.port : default_port(scheme);
}

Origin Url::origin() const { return {scheme, to_lower(authority.host), port()}; }

std::string Url::origin_form() const {
  std::string target = path.empty() ? "/" : path;
  if (query) target.append("?").append(*query);
  return target;
}

std::string Url::to_string() const {
  std::string text = scheme + "://" + authority.to_string() + path;
  if (query) text.append("?").append(*query);
  return text;
}

Result<Url> parse_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) {
    return refuse(Error::bad_url, "expected http://host[:port]/path");
  }
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") {
    return refuse(Error::unsupported_scheme, "only http and https are understood");
  }
  if (const std::size_t bad = find_not(text, kTarget); bad != text.size()) {
    return refuse(Error::bad_url, "byte " + describe_byte(text[bad]) + " is not allowed in a URL");
  }
  std::string_view rest = text.substr(colon + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  auto authority = parse_authority(rest.substr(0, authority_end));
  if (!authority) return std::move(authority).error();
  url.authority = *std::move(authority);
  rest.remove_prefix(authority_end);
  const std::size_t mark = rest.find('?');
  url.path = rest.substr(0, mark);
  if (mark != std::string_view::npos) url.query = rest.substr(mark + 1);
  return url;
}

std::uint16_t default_port(std::string_view scheme) noexcept {
  return scheme == "https" ? 443 : 80;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = to_lower(c);
  return lower;
}

}  // namespace tapedeck::http
