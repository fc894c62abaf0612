#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tapedeck::storage {

/// How long something took, each time since the start. Any thread.
class TimeHistogram {
 public:
  /// Upper ends of the buckets, in microseconds; one more is without end.
  static constexpr std::array<std::int64_t, 14> kBuckets = {
      500,     1'000,   2'500,   5'000,     10'000,    25'000,    50'000,
      100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};

  void add(std::int64_t microseconds) noexcept {
    const auto bucket = std::lower_bound(kBuckets.begin(), kBuckets.end(), microseconds);
    counts_[static_cast<std::size_t>(bucket - kBuckets.begin())].fetch_add(
        1, std::memory_order_relaxed);
    sum_us_.fetch_add(static_cast<std::uint64_t>(microseconds), std::memory_order_relaxed);
  }
  void add_since(std::chrono::steady_clock::time_point start) noexcept {
    add(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                              start)
            .count());
  }

  /// By bucket, not cumulative.
  std::uint64_t count(std::size_t bucket) const noexcept {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  std::uint64_t sum_us() const noexcept { return sum_us_.load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_us_{0};
};

}  // namespace tapedeck::storage
