#pragma once

#include <string>

#include "storage/lock_file.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// The log open for writing by a program that is not the recorder: under its lock, brought to this
/// build's schema.
class LogWriter {
 public:
  /// Makes the file where it is not there. Throws SqliteError, or std::runtime_error with a
  /// sentence, as when somebody is recording into it.
  explicit LogWriter(const std::string& path);

  Database& database() noexcept { return database_; }
  /// The file's one name.
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  LockFile lock_;
  Database database_;
};

}  // namespace tapedeck::storage
