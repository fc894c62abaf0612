#include "storage/export/target.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"
#include "storage/export/utf8.hpp"

namespace tapedeck::storage {
namespace {

/// The scheme's own port, for the two whose port view `exchange_url` leaves out.
std::optional<int> port_of(std::string_view scheme) {
  if (scheme == "http") return 80;
  if (scheme == "https") return 443;
  return std::nullopt;
}

bool is_scheme(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return http::is(c, http::kToken); });
}

/// Host and port of "host", "host:port", "[::1]:port".
void set_authority(Exchange& exchange, std::string_view authority) {
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const std::string_view digits = authority.substr(colon + 1);
    int port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error == std::errc{} && end == digits.data() + digits.size() && port >= 0) {
      exchange.port = port;
      authority = authority.substr(0, colon);
    }
  }
  if (authority.starts_with('[') && authority.ends_with(']')) {
    authority = authority.substr(1, authority.size() - 2);
  }
  exchange.host = http::to_lower(authority);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const char* const end = digits.data() + digits.size();
    if (text[i] == '%' && digits.size() == 2 &&
        std::from_chars(digits.data(), end, byte, 16).ptr == end) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  Utf8Check utf8;
  return utf8.push(out) && utf8.complete() ? out : std::string(text);
}

}  // namespace

std::string url_of(const Exchange& exchange) {
  const bool tunnel = exchange.mode == Mode::tunnel;
  std::string url;
  if (!tunnel && !exchange.scheme.empty()) url += exchange.scheme + "://";
  const bool ipv6 = exchange.host.find(':') != std::string::npos;
  url += ipv6 ? "[" + exchange.host + "]" : exchange.host;
  if (exchange.port && (tunnel || exchange.port != port_of(exchange.scheme))) {
    url += ":" + std::to_string(*exchange.port);
  }
  url += exchange.path;
  if (exchange.query) url += "?" + *exchange.query;
  return url;
}

void set_url(Exchange& exchange, std::string_view url) {
  exchange.scheme.clear();
  exchange.host.clear();
  exchange.port.reset();
  exchange.query.reset();
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || !is_scheme(url.substr(0, colon))) {
    exchange.path = url;
    return;
  }
  exchange.scheme = http::to_lower(url.substr(0, colon));
  exchange.port = port_of(exchange.scheme);
  url = url.substr(colon + 3);
  url = url.substr(0, url.find('#'));
  const std::size_t path = std::min(url.find_first_of("/?"), url.size());
  set_authority(exchange, url.substr(0, path));
  url = url.substr(path);
  const std::size_t question = std::min(url.find('?'), url.size());
  if (question < url.size()) exchange.query = url.substr(question + 1);
  exchange.path = url.substr(0, question);
  // What was sent cannot have been nothing.
  if (exchange.path.empty()) exchange.path = "/";
}

bool url_says_all(const Exchange& exchange) {
  Exchange read;
  set_url(read, url_of(exchange));
  const auto target = [](const Exchange& e) {
    return std::tie(e.scheme, e.host, e.port, e.path, e.query);
  };
  return target(read) == target(exchange);
}

std::vector<std::pair<std::string, std::string>> decoded_pairs(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) {
      pairs.emplace_back(decoded(pair.substr(0, equals)),
                         decoded(pair.substr(std::min(equals + 1, pair.size()))));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return pairs;
}

}  // namespace tapedeck::storage
