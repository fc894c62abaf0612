#pragma once

#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Moves what the write-ahead log holds into the database file. SQLite's own checkpoints are off:
/// they run inside a commit, and on any connection, which may corrupt the file before 3.51.3 when
/// two do it at once. Ours run on the writer's connection, between its transactions.
class Checkpointer {
 public:
  explicit Checkpointer(Database& database);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Checkpoints when the log has grown enough since the last time. Waits for no reader: what one
  /// still needs stays in the log until the next time. A failure is left for the next commit to
  /// report, since nothing is lost by it.
  void after_commit() noexcept;
  /// Checkpoints everything and empties the log, as far as readers allow: at shutdown.
  void finish() noexcept;

 private:
  Database& database_;
  int pages_ = 0;         ///< in the log after the last commit; SQLite starts it anew by itself
  int checkpointed_ = 0;  ///< pages_ at the last checkpoint
};

}  // namespace tapedeck::storage
