#pragma once

#include <chrono>
#include <csignal>

namespace tapedeck::resend {

/// SIGINT and SIGTERM as a wish to end in order, for as long as it lives; a second one ends the
/// process at once. SIGPIPE is ignored meanwhile: a write tells. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;
  /// Waits until then; false when it is interrupted. Any thread.
  bool wait_until(std::chrono::steady_clock::time_point then) const;

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
  struct sigaction before_pipe_ {};
};

}  // namespace tapedeck::resend
