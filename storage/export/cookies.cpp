#include "storage/export/cookies.hpp"

#include <algorithm>

#include "client/http/grammar.hpp"
#include "storage/export/timestamp.hpp"

namespace tapedeck::storage {
namespace {

/// Calls `each(name, value)` for what semicolons separate; a part without '=' has no value, or,
/// where it is a cookie, no name.
template <class Each>
void for_each_part(std::string_view list, Each each) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(';'), list.size());
    const std::string_view part = http::trim(list.substr(0, end));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      each(std::string_view(), part);
    } else {
      each(http::trim(part.substr(0, equals)), http::trim(part.substr(equals + 1)));
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

void write_attribute(JsonWriter& json, std::string_view name, std::string_view value) {
  if (http::iequals(name, "Path")) json.key("path").bytes(value);
  if (http::iequals(name, "Domain")) json.key("domain").bytes(value);
  if (http::iequals(name, "SameSite")) json.key("_sameSite").bytes(value);
  if (http::iequals(name, "Expires")) {
    if (const auto time = parse_cookie_date(value)) json.key("expires").text(to_iso8601(*time));
  }
}

/// The attributes of a Set-Cookie value, each at its last mention (RFC 6265 section 5.3).
http::Fields attributes(std::string_view list) {
  http::Fields found;
  for_each_part(list, [&](std::string_view name, std::string_view value) {
    if (name.empty()) std::swap(name, value);
    if (!name.empty()) found.set(name, value);
  });
  return found;
}

}  // namespace

void write_request_cookies(JsonWriter& json, const http::Fields& fields) {
  json.begin_array();
  for (const auto& line : fields) {
    if (!http::iequals(line.name, "Cookie")) continue;
    for_each_part(line.value, [&](std::string_view name, std::string_view value) {
      if (name.empty() && value.empty()) return;
      json.begin_object();
      json.key("name").bytes(name);
      json.key("value").bytes(value);
      json.end_object();
    });
  }
  json.end_array();
}

void write_response_cookies(JsonWriter& json, const http::Fields& fields) {
  json.begin_array();
  for (const auto& line : fields) {
    if (!http::iequals(line.name, "Set-Cookie")) continue;
    const std::size_t end = std::min(line.value.find(';'), line.value.size());
    json.begin_object();
    for_each_part(line.value.substr(0, end), [&](std::string_view name, std::string_view value) {
      json.key("name").bytes(name);
      json.key("value").bytes(value);
    });
    if (http::trim(line.value.substr(0, end)).empty()) {
      json.key("name").text("");
      json.key("value").text("");
    }
    const http::Fields about = attributes(line.value.substr(end));
    for (const auto& attribute : about) write_attribute(json, attribute.name, attribute.value);
    json.key("httpOnly").boolean(about.contains("HttpOnly"));
    json.key("secure").boolean(about.contains("Secure"));
    json.end_object();
  }
  json.end_array();
}

}  // namespace tapedeck::storage
