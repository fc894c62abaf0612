#include "storage/queue.hpp"

#include <iterator>
#include <utility>

namespace tapedeck::storage {
namespace {

/// How long the writer lets jobs gather: most of the promised 50 ms are left for the commit.
constexpr std::chrono::milliseconds kGather{15};
/// Gathered bytes at which it starts at once.
constexpr std::size_t kGatherBytes = 1u << 20;

}  // namespace

void Queue::push(Job job) {
  const std::size_t cost = job.cost;
  const bool waiting = strict_ && job.committed;
  bytes_.fetch_add(cost, std::memory_order_relaxed);
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.empty()) first_at_ = Clock::now();
    jobs_.push_back(std::move(job));
    gathered_ += cost;
    wake = std::exchange(idle_, false);
    if (!urgent_ && (waiting || gathered_ >= kGatherBytes)) wake = urgent_ = true;
  }
  if (wake) wake_.notify_one();
}

void Queue::when_uncongested(std::function<void()> resume) {
  {
    const std::lock_guard lock(mutex_);
    if (bytes() > budget_ / 2) {
      paused_.push_back(std::move(resume));
      return;
    }
  }
  resume();
}

void Queue::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_one();
}

void Queue::nudge() {
  {
    const std::lock_guard lock(mutex_);
    urgent_ = true;
  }
  wake_.notify_one();
}

bool Queue::take(std::vector<Job>& jobs) {
  std::unique_lock lock(mutex_);
  if (jobs_.empty() && !closed_) {
    idle_ = true;
    wake_.wait(lock, [this] { return !jobs_.empty() || urgent_ || closed_; });
    idle_ = false;
  }
  // From the first one's arrival on, which may have been during the last commit.
  wake_.wait_until(lock, first_at_ + kGather, [this] { return urgent_ || closed_; });
  move_to(jobs);
  return !jobs.empty() || !closed_;
}

void Queue::take_until(Clock::time_point until, std::vector<Job>& jobs) {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, until, [this] { return urgent_; });
  move_to(jobs);
}

bool Queue::quiet(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  idle_ = jobs_.empty();
  const bool wanted =
      wake_.wait_for(lock, time, [this] { return !jobs_.empty() || urgent_ || closed_; });
  idle_ = false;
  return !wanted;
}

void Queue::release(std::size_t bytes) {
  std::vector<std::function<void()>> resumed;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t left = bytes_.fetch_sub(bytes, std::memory_order_relaxed) - bytes;
    if (left <= budget_ / 2) resumed.swap(paused_);
  }
  for (const auto& resume : resumed) resume();
}

bool Queue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void Queue::move_to(std::vector<Job>& jobs) {
  if (jobs.empty()) {
    jobs.swap(jobs_);
  } else {
    jobs.insert(jobs.end(), std::make_move_iterator(jobs_.begin()),
                std::make_move_iterator(jobs_.end()));
    jobs_.clear();
  }
  gathered_ = 0;
  urgent_ = false;
}

}  // namespace tapedeck::storage
