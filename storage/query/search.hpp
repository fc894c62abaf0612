#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/query/filter.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// The exchanges that a filter selects, newest first. Where the log has a text index (see
/// TextIndex) it names candidates, and only what it has not taken in yet is read row by row; the
/// answer is the same. Throws SqliteError.
class Search {
 public:
  /// Both must live as long.
  Search(Database& log, const Filter& filter);

  /// The next id; nullopt at the end.
  std::optional<std::int64_t> next();

 private:
  std::vector<Statement> rows_;  ///< each on its next row, highest id first
  std::optional<std::int64_t> last_;
};

}  // namespace tapedeck::storage
