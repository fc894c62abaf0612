#pragma once

#include <chrono>
#include <functional>

#include "client/net/types.hpp"

namespace tapedeck::net {

class Watchdog;

/// A point in time by which something must have happened, and what to do when it has not.
/// Arming is two stores, so every wait can afford one. Precision is Watchdog::kTick.
/// Lives on its watchdog's thread and must not outlive it.
class Deadline {
 public:
  /// `expire` runs on the watchdog's thread, once for each arming; typically it cancels a stream.
  Deadline(Watchdog& watchdog, std::function<void()> expire);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void arm(std::chrono::milliseconds from_now);
  void disarm() noexcept { at_ = Clock::time_point::max(); }
  /// True when the last arming ran out.
  bool expired() const noexcept { return expired_; }

 private:
  friend class Watchdog;
  Watchdog& watchdog_;
  std::function<void()> expire_;
  Clock::time_point at_ = Clock::time_point::max();
  bool expired_ = false;
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
};

/// The deadlines of one thread, looked over once a tick while any is armed: an idle thread sleeps.
class Watchdog {
 public:
  static constexpr std::chrono::milliseconds kTick{100};

  explicit Watchdog(asio::io_context& context) : timer_(context) {}
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// The time of the last tick: cheap, and at most kTick old while a deadline is armed.
  Clock::time_point now() const noexcept { return now_; }
  /// For a thread whose loop stood still: deadlines are armed from the time it is now.
  void refresh() noexcept { now_ = Clock::now(); }

 private:
  friend class Deadline;
  void link(Deadline& deadline);
  void unlink(Deadline& deadline) noexcept;
  /// Called by every arming: starts ticking when asleep.
  void wake() {
    rearmed_ = true;
    if (ticking_) return;
    ticking_ = true;
    now_ = Clock::now();
    schedule();
  }
  void schedule();
  void tick();

  Timer timer_;
  Clock::time_point now_ = Clock::now();
  Deadline* first_ = nullptr;
  Deadline* cursor_ = nullptr;  ///< next to look at during a tick, kept valid by unlink()
  bool ticking_ = false;
  bool rearmed_ = false;  ///< something was armed since the last tick
};

}  // namespace tapedeck::net
