#pragma once

#include <cstdint>
#include <vector>

#include "storage/match/parts.hpp"

namespace tapedeck::storage {

/// A recorded request by what counts of it.
struct Keyed {
  MatchKey key;
  std::int64_t id;  ///< exchange.id
};

/// Which exchanges of two sessions belong together: those of one key, the first with the first.
struct Pairing {
  struct Pair {
    std::int64_t before;
    std::int64_t after;
    bool reordered = false;  ///< it came at another place among the others
  };
  std::vector<Pair> pairs;            ///< in the order of the one session
  std::vector<std::int64_t> missing;  ///< in it alone
  std::vector<std::int64_t> extra;    ///< in the other alone
};

/// Both in the order they were recorded. As few are called reordered as explain the two orders.
Pairing pair_up(const std::vector<Keyed>& before, const std::vector<Keyed>& after);

}  // namespace tapedeck::storage
