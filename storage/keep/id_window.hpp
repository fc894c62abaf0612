#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Some ids of a table, both ends among them: what one statement of a chore works on, so that it
/// ends soon whatever it looks for.
struct IdWindow {
  std::int64_t first;
  std::int64_t last;
};

/// The `count` ids from the first row after `after` on; nullopt when there is none up to `end`.
std::optional<IdWindow> next_window(Database& log, const std::string& table, std::int64_t after,
                                    std::int64_t end, std::int64_t count);

/// 0 when the table is empty.
std::int64_t largest_id(Database& log, const std::string& table);

}  // namespace tapedeck::storage
