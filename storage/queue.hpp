#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "storage/job.hpp"

namespace tapedeck::storage {

/// Jobs on their way from many producers to the one writer, counted in bytes.
///
/// Waking a thread costs more than recording an exchange, so a push wakes the writer only when it
/// sleeps over an empty queue; it then lets more gather for a moment and takes all at once.
class Queue {
 public:
  using Clock = std::chrono::steady_clock;

  /// `budget`: bytes from which on the queue is congested. `strict`: whoever waits for a commit
  /// is not made to wait for others to gather.
  Queue(std::size_t budget, bool strict) : budget_(budget), strict_(strict) {}

  // Producers.
  void push(Job job);
  bool congested() const noexcept { return bytes() > budget_; }
  std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  void when_uncongested(std::function<void()> resume);
  /// Makes take() return at once, with what there is.
  void nudge();
  /// No more jobs come: the writer takes what is there without waiting.
  void close();

  // The writer.
  /// Waits for jobs, or a nudge, and appends them to `jobs`. Returns false when closed and empty.
  bool take(std::vector<Job>& jobs);
  /// Waits until `until` or until the writer is wanted at once, then takes what there is.
  void take_until(Clock::time_point until, std::vector<Job>& jobs);
  /// Waits that long; false as soon as the writer is wanted.
  bool quiet(std::chrono::milliseconds time);
  /// Bytes of taken jobs are gone: they count until then.
  void release(std::size_t bytes);
  bool closed() const;

 private:
  void move_to(std::vector<Job>& jobs);

  const std::size_t budget_;
  const bool strict_;
  std::atomic<std::size_t> bytes_ = 0;  ///< pushed and not released

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Job> jobs_;
  Clock::time_point first_at_;  ///< when the first of jobs_ came
  std::size_t gathered_ = 0;    ///< bytes in jobs_
  bool idle_ = false;           ///< the writer sleeps over an empty queue
  bool urgent_ = false;         ///< the writer should not gather any longer
  bool closed_ = false;
  std::vector<std::function<void()>> paused_;
};

}  // namespace tapedeck::storage
