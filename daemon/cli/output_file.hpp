#pragma once

#include <string>
#include <string_view>

#include "client/http/result.hpp"

namespace tapedeck::cli {

/// A file that appears under its name when it is whole: written beside it, 0600, then renamed.
/// What is no regular file, such as a pipe, /dev/null or a link, is written directly.
class OutputFile {
 public:
  /// Throws FailureError, as write() and finish() do.
  explicit OutputFile(std::string path);
  /// Removes what was written unless it was finished.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);
  void finish();

 private:
  [[noreturn]] void fail() const;

  std::string path_;
  std::string temporary_;  ///< empty when written directly
  int file_ = -1;
};

}  // namespace tapedeck::cli
