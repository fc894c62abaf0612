#include "storage/compare/content.hpp"

#include <algorithm>

namespace tapedeck::storage {

void Content::append(std::span<const char> bytes) {
  size_ += bytes.size();
  hash_.update(bytes);
  // A NUL is in no text.
  binary_ = binary_ || size_ > kHeld || std::find(bytes.begin(), bytes.end(), '\0') != bytes.end();
  if (binary_) {
    held_ = {};
  } else {
    held_.append(bytes.data(), bytes.size());
  }
}

void Content::finish() { digest_ = hash_.finish(); }

std::optional<std::string_view> Content::text() const noexcept {
  return binary_ ? std::nullopt : std::optional<std::string_view>(held_);
}

}  // namespace tapedeck::storage
