#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace tapedeck::http {

/// Bytes received and not yet consumed, contiguous. Grows when asked, shrinks to nothing on
/// release(): an idle connection holds no buffer.
class ReceiveBuffer {
 public:
  /// Room for at least `size` more bytes. Moves what is held: invalidates view().
  std::span<char> prepare(std::size_t size) {
    if (capacity_ - end_ < size) make_room(size);
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t size) noexcept { end_ += size; }
  void consume(std::size_t size) noexcept {
    begin_ += size;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  std::string_view view() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  std::size_t capacity() const noexcept { return capacity_; }
  /// Gives the memory back. Precondition: empty().
  void release() noexcept {
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  void make_room(std::size_t size) {
    const std::size_t held = end_ - begin_;
    if (capacity_ - held >= size) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, held);
    } else {
      // Twice as much when something is held: a head that trickles in is copied few times.
      const std::size_t capacity = held == 0 ? size : std::max(held + size, 2 * capacity_);
      std::unique_ptr<char[]> larger(new char[capacity]);
      if (held > 0) std::memcpy(larger.get(), bytes_.get() + begin_, held);
      bytes_ = std::move(larger);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace tapedeck::http
