#include "storage/keep/id_window.hpp"

#include <algorithm>

namespace tapedeck::storage {

std::optional<IdWindow> next_window(Database& log, const std::string& table, std::int64_t after,
                                    std::int64_t end, std::int64_t count) {
  Statement next = log.prepare("SELECT min(id) FROM " + table + " WHERE id > ?1 AND id <= ?2");
  next.bind(1, after).bind(2, end).step();
  if (next.is_null(0)) return std::nullopt;
  const std::int64_t first = next.integer(0);
  return IdWindow{first, std::min(first + count - 1, end)};
}

std::int64_t largest_id(Database& log, const std::string& table) {
  Statement last = log.prepare("SELECT coalesce(max(id), 0) FROM " + table);
  last.step();
  return last.integer(0);
}

}  // namespace tapedeck::storage
