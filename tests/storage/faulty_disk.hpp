#pragma once

#include <atomic>
#include <sqlite3.h>
#include <string_view>

namespace tapedeck::storage::testing {

/// What SQLite asks of a file.
enum class FileCall { open, read, write, truncate, sync, shared_memory, remove };

std::string_view to_string(FileCall call) noexcept;

/// For its lifetime SQLite's default VFS: the real one, but that the Nth call of one kind fails,
/// and as many after it as were asked for. One at a time in a process.
class FaultyDisk {
 public:
  /// `first` counts from 1.
  FaultyDisk(FileCall call, int first, int count);
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  /// Was there such a call? Any thread.
  bool struck() const noexcept { return calls_ >= first_; }

  /// Does a call of that kind fail now? Counts it.
  bool fails(FileCall call) noexcept;
  sqlite3_vfs& real() const noexcept { return *real_; }

 private:
  FileCall call_;
  int first_;
  int count_;
  std::atomic<int> calls_ = 0;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace tapedeck::storage::testing
