#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tapedeck::storage {

/// Bytes put aside until it is known what they mean: in memory, and beyond 1 MiB in a file without
/// a name. Throws std::system_error.
class Spool {
 public:
  /// `directory`: where the file is made.
  explicit Spool(std::string directory) : directory_(std::move(directory)) {}

  void push(std::string_view bytes);
  /// Hands over all that was pushed, piece by piece.
  void read(const std::function<void(std::string_view)>& each);
  /// Bytes pushed so far.
  std::size_t size() const noexcept { return size_; }
  void clear() noexcept;

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  void spill();

  std::string directory_;
  std::size_t size_ = 0;
  std::string held_;
  std::unique_ptr<std::FILE, Close> file_;
  bool spilled_ = false;  ///< the file's bytes come before those held
};

}  // namespace tapedeck::storage
