#pragma once

#include <chrono>
#include <string>

namespace tapedeck::storage {

/// Held by the one process that writes a database: an advisory lock on `PATH.lock`, which says who
/// it is. The kernel lets go of it when the process ends, however it ends; the file stays, since
/// removing it would let two processes lock two files of the same name.
class LockFile {
 public:
  /// Waits for it, at most `patience`. Throws std::runtime_error with a sentence when another
  /// process (or another LockFile of this one) holds it still, std::system_error when the file
  /// cannot be made.
  explicit LockFile(const std::string& database_path,
                    std::chrono::milliseconds patience = std::chrono::milliseconds(0));
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  int file_;
};

}  // namespace tapedeck::storage
