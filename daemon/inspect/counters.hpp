#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "storage/exchange.hpp"
#include "storage/time_histogram.hpp"

namespace tapedeck {

/// What has happened since the start. Any thread.
class Counters {
 public:
  static constexpr std::size_t kModes = 6;   ///< of storage::Mode
  static constexpr std::size_t kStates = 5;  ///< of storage::State

  /// One more exchange has ended.
  void count(const storage::Exchange& exchange) noexcept;

  using Count = std::atomic<std::uint64_t>;
  std::array<std::array<Count, kStates>, kModes> exchanges{};
  storage::TimeHistogram durations;
  storage::TimeHistogram recording_waits;  ///< of exchanges for the log: its queue was full, or a
                                           ///< commit was due
  Count request_bytes{0};
  Count response_bytes{0};
  Count turned_away{0};         ///< connections of clients
  Count connections_opened{0};  ///< upstream
  Count connections_reused{0};
};

}  // namespace tapedeck
