#include "daemon/cli/resend/turns.hpp"

#include <algorithm>

namespace tapedeck::resend {
namespace {

using Clock = std::chrono::steady_clock;

Clock::duration interval(double rate) {
  if (rate <= 0) return Clock::duration::zero();
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / rate));
}

}  // namespace

Turns::Turns(std::size_t count, double rate, const Interrupt& interrupt)
    : count_(count), interval_(interval(rate)), interrupt_(interrupt) {}

std::optional<std::size_t> Turns::next() {
  std::size_t turn = 0;
  Clock::time_point due;
  {
    const std::lock_guard lock(mutex_);
    if (next_ == count_) return std::nullopt;
    turn = next_++;
    // Time that was lost is not made up for: the rate is a bound at any moment.
    due = due_ = std::max(due_ + interval_, Clock::now());
  }
  if (!interrupt_.wait_until(due)) return std::nullopt;
  return turn;
}

}  // namespace tapedeck::resend
