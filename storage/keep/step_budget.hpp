#pragma once

#include <chrono>

namespace tapedeck::storage {

/// How long one step of a chore may work: its commit and its checkpoint come on top, and recording
/// waits for all.
class StepBudget {
 public:
  static constexpr std::chrono::milliseconds kLength{5};
  bool spent() const noexcept { return Clock::now() >= end_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point end_ = Clock::now() + kLength;
};

}  // namespace tapedeck::storage
