#include "client/http/hop_by_hop.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "client/http/grammar.hpp"
#include "client/http/known_field.hpp"

namespace tapedeck::http {
namespace {

bool is_hop_by_hop(KnownField field) noexcept {
  switch (field) {
    case KnownField::connection:
    case KnownField::keep_alive:
    case KnownField::proxy_authenticate:
    case KnownField::proxy_authorization:
    case KnownField::proxy_connection:
    case KnownField::te:
    case KnownField::transfer_encoding:
    case KnownField::upgrade:
      return true;
    default:
      return false;
  }
}

/// "close" and "keep-alive" name no field.
bool names_a_field(std::string_view option) noexcept {
  return !iequals(option, "close") && !iequals(option, "keep-alive");
}

}  // namespace

void remove_hop_by_hop(Fields& fields) {
  std::vector<std::string> nominated;
  for (const Fields::Line& line : fields) {
    if (known_field(line.name) != KnownField::connection) continue;
    for_each_element(line.value, [&](std::string_view option) {
      if (names_a_field(option)) nominated.emplace_back(option);
    });
  }
  fields.remove_if([&](const Fields::Line& line) {
    return is_hop_by_hop(known_field(line.name)) ||
           std::any_of(nominated.begin(), nominated.end(),
                       [&](const std::string& name) { return iequals(name, line.name); });
  });
}

void remove_forbidden_trailers(Fields& trailers) {
  static constexpr std::array<std::string_view, 8> kForbidden = {
      "authorization",    "content-encoding", "content-range", "content-type",
      "www-authenticate", "cookie",           "set-cookie",    "cache-control"};
  trailers.remove_if([](const Fields::Line& line) {
    const KnownField field = known_field(line.name);
    return is_hop_by_hop(field) || field == KnownField::content_length ||
           field == KnownField::host || field == KnownField::trailer ||
           field == KnownField::max_forwards || field == KnownField::expect ||
           std::any_of(kForbidden.begin(), kForbidden.end(),
                       [&](std::string_view name) { return iequals(name, line.name); });
  });
}

void append_via(Fields& fields, Version received, std::string_view pseudonym) {
  std::string value(received < kHttp11 ? "1.0 " : "1.1 ");
  value.append(pseudonym);
  fields.add("Via", value);
}

bool passed_through(const Fields& fields, std::string_view pseudonym) {
  bool found = false;
  for (const Fields::Line& line : fields) {
    if (known_field(line.name) != KnownField::via) continue;
    for_each_element(line.value, [&](std::string_view hop) {
      // received-protocol RWS received-by [ RWS comment ]
      const std::size_t space = hop.find_first_of(" \t");
      if (space == std::string_view::npos) return;
      hop = trim(hop.substr(space));
      found = found || iequals(hop.substr(0, hop.find_first_of(" \t")), pseudonym);
    });
  }
  return found;
}

}  // namespace tapedeck::http
