#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/query/filter.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::resend {

/// Which recorded requests are sent again.
struct Plan {
  struct Skipped {
    std::int64_t id;
    std::string what;  ///< "CONNECT https://api.example.com"
    std::string why;   ///< "a tunnel"
  };
  std::vector<std::int64_t> ids;  ///< in the order they were recorded
  std::vector<Skipped> skipped;   ///< kTold of those that cannot be
  std::size_t skipped_count = 0;  ///< all of those

  static constexpr std::size_t kTold = 20;
};

/// Throws SqliteError.
Plan make_plan(storage::Database& log, const storage::Filter& filter);

}  // namespace tapedeck::resend
