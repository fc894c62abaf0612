#pragma once

#include <cstdint>

#include "storage/keep/step_budget.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// How many exchanges refer to each body. No index tells, since each would cost every recorded
/// exchange: the rows are counted, in steps, into a temporary table of the writer's connection,
/// and triggers of that connection add what is recorded meanwhile. A count may be too high, when
/// an exchange changed its body while the rows were being counted: then the body stays until the
/// next time. It is never too low. Throws SqliteError.
class BodyReferences {
 public:
  void begin(Database& log);
  /// Counts on; false when every row has been counted.
  bool count(Database& log, const StepBudget& budget);

  /// SQL: one exchange refers to body ?1 no more; a row that is 1 when that was the last.
  static constexpr const char* kRelease =
      "UPDATE temp.body_reference SET count = count - 1 WHERE body_id = ?1 RETURNING count = 0";
  /// SQL: holds for a row of `body` to which nothing refers.
  static constexpr const char* kUnused =
      "NOT EXISTS (SELECT 1 FROM temp.body_reference AS reference"
      " WHERE reference.body_id = body.id AND reference.count > 0)";

  /// Takes table and triggers away.
  static void end(Database& log) noexcept;

 private:
  std::int64_t counted_ = 0;  ///< every row up to this id
  std::int64_t last_ = 0;
};

}  // namespace tapedeck::storage
