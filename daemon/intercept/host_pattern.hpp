#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck {

/// True when `pattern` means that host: a name or an address literal without brackets, `*` standing
/// for any run of characters, case ignored, and ":PORT" at the end where only that port is meant.
bool matches_host(std::string_view pattern, std::string_view host, std::uint16_t port);

/// Any of them does.
bool matches_any(const std::vector<std::string>& patterns, std::string_view host,
                 std::uint16_t port);

}  // namespace tapedeck
