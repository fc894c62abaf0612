#pragma once

#include <chrono>

#include "client/net/types.hpp"

namespace tapedeck {

/// Gives back to the system what a burst has left free in the heap: the allocator by itself keeps
/// all that lies below something still in use. Thread: the one that `context` runs on.
class HeapTrimmer {
 public:
  explicit HeapTrimmer(asio::io_context& context, std::chrono::milliseconds interval = kInterval)
      : interval_(interval), timer_(context.get_executor()) {}
  /// Looks after each interval from now on.
  void start();

 private:
  static constexpr std::chrono::seconds kInterval{10};

  std::chrono::milliseconds interval_;
  net::Timer timer_;
};

}  // namespace tapedeck
