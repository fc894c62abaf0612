#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "client/net/types.hpp"
#include "storage/query/recorded.hpp"

namespace tapedeck {

class Session;

/// Gives a replayed response its recorded timing: the wait for its head, and the arrival of each
/// part of its body. Lives on the session's thread; ends early when the client leaves.
class Pace {
 public:
  /// `speed`: 1 as recorded, 2 twice as fast; 0 is no wait at all.
  Pace(Session& session, double speed, const storage::RecordedTiming& timing);
  ~Pace();
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

  /// Waits as long as the head was waited for, and begins to count.
  net::Awaitable<void> head();
  /// arrival() would wait: what there is to send is best sent before.
  bool about_to_wait(std::int64_t offset) const noexcept;
  /// Waits until the body's byte at `offset` came; returns how many bytes from there on came with
  /// it.
  net::Awaitable<std::size_t> arrival(std::int64_t offset);
  /// The client left, or the proxy is being cut.
  bool canceled() const noexcept { return canceled_; }

 private:
  net::Awaitable<void> wait_until(net::Clock::time_point when);
  net::Clock::duration scaled(std::int64_t microseconds) const;

  Session& session_;
  const double speed_;
  const storage::RecordedTiming& timing_;
  net::Timer timer_;
  net::Clock::time_point begun_;
  std::size_t next_ = 0;  ///< event to wait for
  bool canceled_ = false;
};

}  // namespace tapedeck
