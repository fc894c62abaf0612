#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/digest.hpp"

namespace tapedeck::storage {

/// A body as comparing sees it, its content-coding undone. It is held while it is small enough to
/// be taken apart, and looks like text; of any other there is a digest.
class Content {
 public:
  /// JSON and text are compared piece by piece up to this size; beyond it, by digest.
  static constexpr std::size_t kHeld = std::size_t{4} << 20;

  void append(std::span<const char> bytes);
  /// Call once, at its end, before anything below.
  void finish();

  std::uint64_t size() const noexcept { return size_; }
  const Digest& digest() const noexcept { return digest_; }
  /// The whole of it, where it is text and no larger than kHeld.
  std::optional<std::string_view> text() const noexcept;

 private:
  Sha256 hash_;
  Digest digest_{};
  std::uint64_t size_ = 0;
  std::string held_;
  bool binary_ = false;
};

}  // namespace tapedeck::storage
