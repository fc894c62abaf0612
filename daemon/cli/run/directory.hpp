#pragma once

#include <string>
#include <string_view>

#include "client/http/result.hpp"

namespace tapedeck::cli {

/// A new directory for temporary files, gone with this object.
class Directory {
 public:
  enum class Readers { everybody, owner };

  static Result<Directory> make();
  Directory(Directory&& other) noexcept;
  Directory& operator=(Directory&&) = delete;
  ~Directory();

  /// Writes a new file; its path.
  Result<std::string> write(const std::string& name, std::string_view content,
                            Readers readers = Readers::everybody) const;

 private:
  explicit Directory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace tapedeck::cli
