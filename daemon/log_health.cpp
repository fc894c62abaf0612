#include "daemon/log_health.hpp"

#include <memory>

#include "daemon/log.hpp"
#include "storage/keep/gap_note.hpp"
#include "storage/session_table.hpp"

namespace tapedeck {

void LogHealth::watch(storage::Recorder& recorder, Policy policy) {
  recorder_ = &recorder;
  policy_ = policy;
}

std::string LogHealth::refusal() {
  if (recorder_ == nullptr) return {};
  const bool failed = !recorder_->healthy();
  std::string why = failed ? recorder_->stats().last_error : std::string{};
  if (failed_.exchange(failed) != failed) failed ? begin_gap(why) : end_gap();
  return policy_ == Policy::refuse ? why : std::string{};
}

bool LogHealth::admit() {
  if (recorder_ == nullptr) return false;
  if (recorder_->healthy()) return true;
  // A 503 is worth a row too, but not without end.
  if (policy_ == Policy::refuse && !recorder_->congested()) return true;
  unrecorded_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void LogHealth::begin_gap(const std::string& why) {
  log::get(log::Component::record)
      .error("the log cannot be written, requests are {}: {}",
             policy_ == Policy::refuse ? "answered with 503" : "forwarded UNRECORDED", why);
  const std::lock_guard lock(mutex_);
  gap_began_at_ = storage::unix_microseconds();
  gap_from_ = unrecorded_;
  gap_reason_ = why;
}

void LogHealth::end_gap() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t missed = unrecorded_ - gap_from_;
  log::get(log::Component::record)
      .warn("the log can be written again; {} exchanges went by unrecorded", missed);
  if (missed == 0) return;
  recorder_->perform(
      std::make_shared<storage::GapNote>(gap_began_at_, storage::unix_microseconds(),
                                         static_cast<std::int64_t>(missed), gap_reason_),
      [](const std::string& error) {
        if (error.empty()) return;
        log::get(log::Component::record).error("the gap was not written: {}", error);
      });
}

}  // namespace tapedeck
