#pragma once

#include <string>

#include "client/http/result.hpp"

namespace tapedeck::storage {

/// The log as a file: private to its user, and written by one process at a time.
/// Holds the advisory lock on `PATH.lock` for as long as it lives. Move-only.
class DatabaseFile {
 public:
  /// Makes missing directories (0700) and the file (0600), tightens a file others may read, and
  /// takes the lock. Fails with Stage::record and a sentence.
  static Result<DatabaseFile> claim(const std::string& path);

  DatabaseFile(DatabaseFile&& other) noexcept;
  DatabaseFile& operator=(DatabaseFile&&) = delete;
  ~DatabaseFile();

  const std::string& path() const noexcept { return path_; }

 private:
  DatabaseFile(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;
};

}  // namespace tapedeck::storage
