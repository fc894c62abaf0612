#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>

#include "daemon/cli/resend/interrupt.hpp"

namespace tapedeck::resend {

/// Whose turn it is: threads take requests in order, each when it is due. Any thread.
class Turns {
 public:
  /// `rate`: how many a second at the most; 0: no bound.
  Turns(std::size_t count, double rate, const Interrupt& interrupt);

  /// The next one, once it is due; nullopt when there are no more, or we were interrupted.
  std::optional<std::size_t> next();

 private:
  const std::size_t count_;
  const std::chrono::steady_clock::duration interval_;
  const Interrupt& interrupt_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::chrono::steady_clock::time_point due_{};
};

}  // namespace tapedeck::resend
