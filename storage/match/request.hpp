#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/http/fields.hpp"
#include "storage/match/body.hpp"
#include "storage/match/parts.hpp"
#include "storage/match/rules.hpp"

namespace tapedeck::storage {

/// A request as matching sees it, but for its body.
struct MatchRequest {
  std::string method;
  std::string scheme;
  std::string host;  ///< without brackets
  int port = 0;
  std::string path;
  std::optional<std::string> query;
  http::Fields headers;

  /// What counts of it, sorted. `body` is at its end.
  Parts parts(MatchBody& body, const MatchRules& rules) const;
  /// The same where the body is known by its digest alone, or empty.
  Parts parts(const std::optional<Digest>& body, const MatchRules& rules) const;

 private:
  void add_head(const MatchRules::Scope& rules, Parts& parts) const;
};

/// Percent-encoding made one (RFC 3986 section 6.2.2): hexadecimal in upper case, and nothing
/// encoded that need not be.
std::string normalized(std::string_view text);

/// Host, port and path as a number: what a request shares with each that may answer it.
std::uint64_t place_of(std::string_view host, int port, std::string_view path);

}  // namespace tapedeck::storage
