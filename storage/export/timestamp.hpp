#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapedeck::storage {

/// Microseconds since 1970 as ISO 8601 in UTC: "2026-11-23T05:54:58.123456Z".
std::string to_iso8601(std::int64_t microseconds);

/// A date and time of ISO 8601 with its offset from UTC, to the microsecond; empty when it is none.
std::optional<std::int64_t> parse_iso8601(std::string_view text);

/// A cookie's Expires (RFC 6265 section 5.1.1, without its stranger freedoms), likewise.
std::optional<std::int64_t> parse_cookie_date(std::string_view text);

}  // namespace tapedeck::storage
