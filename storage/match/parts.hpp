#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace tapedeck::storage {

/// One thing that tells a request from another: {"query page", "2"}, {"json $.user.id", "7"}.
struct Part {
  std::string name;
  std::string value;
  auto operator<=>(const Part&) const = default;
};

/// All of them, sorted: two requests are the same when theirs are.
using Parts = std::vector<Part>;

/// The parts in 128 bits of SHA-256.
struct MatchKey {
  std::array<std::uint64_t, 2> bits{};
  auto operator<=>(const MatchKey&) const = default;
};
MatchKey key_of(const Parts& parts);

/// Where two requests differ, a line each: "query page: 2, recorded 1". Values are cut short.
std::vector<std::string> differences(const Parts& asked, const Parts& recorded);

}  // namespace tapedeck::storage
