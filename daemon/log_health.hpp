#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "storage/recorder.hpp"

namespace tapedeck {

/// Whether the log can be written, and what goes by unrecorded while it cannot. Any thread.
class LogHealth {
 public:
  /// What --on-storage-failure says.
  enum class Policy {
    refuse,  ///< requests are answered with 503
    pass,    ///< they are forwarded, and counted
  };

  /// Before the first thread: the recorder to watch, which must outlive the last call.
  void watch(storage::Recorder& recorder, Policy policy);

  /// Why requests must be refused now, or "". Says in the daemon's log when the log cannot be
  /// written and when it can again, and has the gap between the two written into it.
  std::string refusal();
  /// Whether to record one more exchange; counts it as gone by when not.
  bool admit();

  /// Exchanges gone by since the start.
  std::uint64_t unrecorded() const noexcept { return unrecorded_.load(std::memory_order_relaxed); }

 private:
  void begin_gap(const std::string& why);
  void end_gap();

  storage::Recorder* recorder_ = nullptr;
  Policy policy_ = Policy::refuse;
  std::atomic<bool> failed_{false};  ///< as last said
  std::atomic<std::uint64_t> unrecorded_{0};

  std::mutex mutex_;
  std::int64_t gap_began_at_ = 0;
  std::uint64_t gap_from_ = 0;  ///< unrecorded_ when it began
  std::string gap_reason_;
};

}  // namespace tapedeck
