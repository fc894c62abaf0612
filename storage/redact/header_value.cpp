#include "storage/redact/header_value.hpp"

#include <algorithm>
#include <array>

#include "client/http/grammar.hpp"

namespace tapedeck::storage {
namespace {

/// Schemes whose name says nothing about the credentials; of any other, nothing is kept.
constexpr std::array<std::string_view, 6> kSchemes = {"Basic", "Bearer",    "Digest",
                                                      "DPoP",  "Negotiate", "NTLM"};

/// Where, among a cookie's attributes, ", name=" begins another cookie; their end when nowhere. The
/// comma inside Expires is followed by no name and "=".
std::size_t next_cookie(std::string_view attributes) {
  for (std::size_t comma = attributes.find(','); comma != std::string_view::npos;
       comma = attributes.find(',', comma + 1)) {
    const std::string_view rest = http::trim(attributes.substr(comma + 1));
    const std::size_t name = http::find_not(rest, http::kToken);
    if (name > 0 && name < rest.size() && rest[name] == '=') return comma;
  }
  return attributes.size();
}

/// "Bearer secret"
std::string credentials(std::string_view value, const Mark& mark) {
  const std::size_t space = std::min(value.find(' '), value.size());
  const std::string_view scheme = value.substr(0, space);
  const bool known = std::any_of(kSchemes.begin(), kSchemes.end(), [&](std::string_view name) {
    return http::iequals(name, scheme);
  });
  if (!known || space == value.size()) return mark("", value);
  return std::string(scheme) + " " + mark("", value.substr(space + 1));
}

/// "a=secret; b=secret"
std::string cookies(std::string_view value, const Mark& mark) {
  std::string clean;
  while (true) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view pair = value.substr(0, end);
    const std::size_t equals = pair.find('=');
    // A cookie without a name is all value; blanks before it belong to the list.
    const bool named = equals != std::string_view::npos;
    const std::size_t start =
        named ? equals + 1 : std::min(pair.find_first_not_of(' '), pair.size());
    const std::string_view name = named ? http::trim(pair.substr(0, equals)) : std::string_view();
    clean.append(pair.substr(0, start)).append(mark(name, http::trim(pair.substr(start))));
    if (end == value.size()) return clean;
    clean += ';';
    value.remove_prefix(end + 1);
  }
}

/// "a=secret; Path=/; Secure", and, from programs that join lines, more of it after a comma.
std::string set_cookie(std::string_view value, const Mark& mark) {
  const std::size_t end = std::min(value.find(';'), value.size());
  std::string clean = cookies(value.substr(0, end), mark);
  value.remove_prefix(end);
  const std::size_t next = next_cookie(value);
  clean.append(value.substr(0, next));
  return next == value.size() ? clean : clean + set_cookie(value.substr(next), mark);
}

}  // namespace

std::string redacted_value(std::string_view name, std::string_view value, const Mark& mark) {
  if (http::iequals(name, "Authorization") || http::iequals(name, "Proxy-Authorization")) {
    return credentials(value, mark);
  }
  if (http::iequals(name, "Cookie")) return cookies(value, mark);
  if (http::iequals(name, "Set-Cookie")) return set_cookie(value, mark);
  return mark("", value);
}

bool holds_cookies(std::string_view name) noexcept {
  return http::iequals(name, "Cookie") || http::iequals(name, "Set-Cookie");
}

}  // namespace tapedeck::storage
