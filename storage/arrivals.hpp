#pragma once

#include <cstdint>
#include <vector>

namespace tapedeck::storage {

/// When the bytes of a response body came, for those that came after the head: what a replay paces
/// a stream by. Arrivals closer together than the grain are one; the grain begins at 1 ms and
/// doubles every kEventsPerGrain events, so that a stream of a day keeps some tens of thousands.
class Arrivals {
 public:
  struct Event {
    std::int64_t offset;  ///< in the body, of the first byte that came then
    std::int64_t at_us;   ///< since the response head
    bool operator==(const Event&) const = default;
  };

  static constexpr std::int64_t kFirstGrainUs = 1'000;
  static constexpr std::int64_t kEventsPerGrain = 4'096;

  /// Bytes from `offset` on came at `at_us`; both never go back.
  void add(std::int64_t offset, std::int64_t at_us);
  /// What was added since the last take().
  std::vector<Event> take() noexcept;

 private:
  std::vector<Event> events_;
  std::int64_t last_us_ = 0;
  std::int64_t grain_us_ = kFirstGrainUs;
  std::int64_t count_ = 0;
};

}  // namespace tapedeck::storage
