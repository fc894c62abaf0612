#pragma once

#include <cstdint>

#include "storage/keep/step_budget.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Bytes of the database file, as it is once the -wal has been moved into it.
std::int64_t file_size(Database& log);
/// Those of them that hold something.
std::int64_t used_size(Database& log);

/// Cuts free pages off the end of the file; false when none is left, or they cannot be given back.
bool give_back_space(Database& log, const StepBudget& budget);

/// Moves what a step has written into the file, as far as readers allow. The recorder does that
/// when 8 MiB have come together; scattered pages, as a chore leaves them, would then take it 50 ms
/// and more.
void move_wal(Database& log);

/// The same, and empties the -wal; false when somebody who is reading needs it still.
bool empty_wal(Database& log);

}  // namespace tapedeck::storage
