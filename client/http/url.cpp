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

/// IPvFuture (RFC 3986 section 3.2.2): grammatical in a Host field, though nothing can dial it.
bool valid_ip_future(std::string_view text) noexcept {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || to_lower(text[0]) != 'v') return false;
  const std::string_view rest = text.substr(dot + 1);
  return all(text.substr(1, dot - 1), kHexDigit) && !rest.empty() &&
         std::all_of(rest.begin(), rest.end(),
                     [](char c) { return c == ':' || (c != '%' && is(c, kRegName)); });
}

/// reg-name: unreserved, sub-delims and "%" HEXDIG HEXDIG (RFC 3986 section 3.2.2).
bool valid_reg_name(std::string_view text) noexcept {
  if (find_not(text, kRegName) != text.size()) return false;
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    const std::string_view digits = text.substr(at + 1, 2);
    if (digits.size() != 2 || !all(digits, kHexDigit)) return false;
  }
  return true;
}

bool valid_host(const Parts& parts) noexcept {
  if (!parts.well_formed) return false;
  return parts.bracketed ? valid_ipv6_text(parts.host) : valid_reg_name(parts.host);
}

/// What both parse_authority() and check_target() ask for; returns the port when there is one.
Result<std::optional<std::uint16_t>> check_authority(std::string_view text, const Parts& parts) {
  if (text.find('@') != std::string_view::npos) {
    return refuse(Error::userinfo_in_target,
                  "a name or password before '@' is not accepted in a URL");
  }
  if (!valid_host(parts)) {
    return refuse(Error::bad_host, "host and port are not of the form host[:port]");
  }
  if (parts.host.empty()) return refuse(Error::bad_host, "the host is empty");
  std::optional<std::uint16_t> port;
  if (parts.port && !parts.port->empty()) {
    std::uint32_t number = 0;
    const char* const end = parts.port->data() + parts.port->size();
    const auto [stop, error] = std::from_chars(parts.port->data(), end, number);
    if (error != std::errc{} || stop != end || number > 65535) {
      return refuse(Error::bad_host, "the port is not a number up to 65535");
    }
    port = static_cast<std::uint16_t>(number);
  }
  return port;
}

/// scheme "://" of RFC 3986 section 3.1: its length, or 0.
std::size_t scheme_size(std::string_view target) noexcept {
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos || colon == 0) return 0;
  const auto letter = [](char c) { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; };
  const auto allowed = [&](char c) {
    return letter(c) || is(c, kDigit) || c == '+' || c == '-' || c == '.';
  };
  const std::string_view scheme = target.substr(0, colon);
  return letter(scheme[0]) && std::all_of(scheme.begin(), scheme.end(), allowed) ? colon : 0;
}

/// RFC 3986 section 5.2.4. `path` begins with a slash.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);  // with the slash before it
    const bool last = end == path.size();
    path.remove_prefix(end);
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") out.erase(std::min(out.rfind('/'), out.size()));
      if (last) out += '/';
    } else {
      out += segment;
    }
  }
  return out;
}

void append_host(std::string_view host, bool bracket, std::string& text) {
  if (bracket) text += '[';
  text.append(host);
  if (bracket) text += ']';
}

}  // namespace

std::string Authority::to_string() const {
  std::string text;
  append_host(host, ipv6_literal, text);
  if (port) text.append(":").append(std::to_string(*port));
  return text;
}

Result<Authority> parse_authority(std::string_view text) {
  const Parts parts = split(text);
  auto port = check_authority(text, parts);
  if (!port) return std::move(port).error();
  return Authority{std::string(parts.host), *port, parts.bracketed};
}

Result<void> check_target(std::string_view method, std::string_view target) {
  if (method == "CONNECT") {
    auto port = check_authority(target, split(target));
    if (!port) return std::move(port).error();
    // RFC 9110 section 9.3.6: "There is no default port".
    if (!*port) return refuse(Error::bad_target, "CONNECT names no port");
    return {};
  }
  if (target.front() == '/') return {};
  if (target == "*") {
    if (method == "OPTIONS") return {};
    return refuse(Error::bad_target, "'*' is for OPTIONS");
  }
  const std::size_t scheme = scheme_size(target);
  if (scheme == 0) return refuse(Error::bad_target, "neither a path nor an absolute URL");
  const bool web =
      iequals(target.substr(0, scheme), "http") || iequals(target.substr(0, scheme), "https");
  target.remove_prefix(scheme + 3);
  const std::string_view authority = target.substr(0, target.find_first_of("/?"));
  if (authority.empty() && !web) return {};
  auto port = check_authority(authority, split(authority));
  if (!port) return std::move(port).error();
  return {};
}

bool valid_host_field(std::string_view value) noexcept {
  const Parts parts = split(value);
  if (!valid_host(parts) &&
      !(parts.well_formed && parts.bracketed && valid_ip_future(parts.host))) {
    return false;
  }
  return !parts.port || find_not(*parts.port, kDigit) == parts.port->size();
}

std::string Origin::to_string() const {
  std::string text = scheme;
  text.append("://");
  append_host(host, host.find(':') != std::string::npos, text);
  if (port != default_port(scheme)) text.append(":").append(std::to_string(port));
  return text;
}

std::uint16_t Url::port() const noexcept {
  return authority.port ? *authority.port : default_port(scheme);
}

Origin Url::origin() const { return {scheme, to_lower(authority.host), port()}; }

std::string Url::origin_form() const {
  std::string target(path.empty() ? std::string_view("/") : std::string_view(path));
  if (query) target.append("?").append(*query);
  return target;
}

std::string Url::to_string() const {
  std::string text = scheme;
  text.append("://").append(authority.to_string()).append(path);
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

Result<Url> resolve(const Url& base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  const std::size_t colon = reference.find(':');
  const bool has_scheme =
      colon != std::string_view::npos && colon < reference.find_first_of("/?") && colon > 0;
  if (has_scheme) return parse_url(reference);
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string(reference));
  Url url = base;
  const std::size_t mark = reference.find('?');
  const std::string_view path = reference.substr(0, mark);
  if (mark != std::string_view::npos) {
    url.query = reference.substr(mark + 1);
  } else if (!reference.empty()) {
    url.query.reset();
  }
  if (path.starts_with('/')) {
    url.path = without_dot_segments(path);
  } else if (!path.empty()) {
    const std::string_view folder = std::string_view(base.path).substr(0, base.path.rfind('/') + 1);
    url.path = without_dot_segments((folder.empty() ? "/" : std::string(folder)).append(path));
  }
  return parse_url(url.to_string());
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
