#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "storage/exchange.hpp"

namespace tapedeck {

/// What has happened since the start. Any thread.
class Counters {
 public:
  /// Upper ends of the buckets of the duration histogram, in microseconds; one more is without end.
  static constexpr std::array<std::int64_t, 14> kBuckets = {
      500,     1'000,   2'500,   5'000,     10'000,    25'000,    50'000,
      100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000};
  static constexpr std::size_t kModes = 6;   ///< of storage::Mode
  static constexpr std::size_t kStates = 5;  ///< of storage::State

  /// One more exchange has ended.
  void count(const storage::Exchange& exchange) noexcept;

  using Count = std::atomic<std::uint64_t>;
  std::array<std::array<Count, kStates>, kModes> exchanges{};
  std::array<Count, kBuckets.size() + 1> durations{};
  Count duration_us{0};  ///< sum
  Count request_bytes{0};
  Count response_bytes{0};
  Count turned_away{0};         ///< connections of clients
  Count connections_opened{0};  ///< upstream
  Count connections_reused{0};
};

}  // namespace tapedeck
