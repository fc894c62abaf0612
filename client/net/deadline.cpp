#include "client/net/deadline.hpp"

#include <utility>

namespace tapedeck::net {

Deadline::Deadline(Watchdog& watchdog, std::function<void()> expire)
    : watchdog_(watchdog), expire_(std::move(expire)) {
  watchdog_.link(*this);
}

Deadline::~Deadline() { watchdog_.unlink(*this); }

void Deadline::arm(std::chrono::milliseconds from_now) {
  expired_ = false;
  watchdog_.wake();
  at_ = watchdog_.now() + from_now + Watchdog::kTick;
}

Watchdog::~Watchdog() { timer_.cancel(); }

void Watchdog::link(Deadline& deadline) {
  deadline.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &deadline;
  first_ = &deadline;
}

void Watchdog::unlink(Deadline& deadline) noexcept {
  if (cursor_ == &deadline) cursor_ = deadline.next_;
  if (deadline.previous_ != nullptr) deadline.previous_->next_ = deadline.next_;
  if (deadline.next_ != nullptr) deadline.next_->previous_ = deadline.previous_;
  if (first_ == &deadline) first_ = deadline.next_;
}

void Watchdog::schedule() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](std::error_code error) {
    if (!error) tick();
  });
}

void Watchdog::tick() {
  now_ = Clock::now();
  bool armed = false;
  for (Deadline* deadline = first_; deadline != nullptr; deadline = cursor_) {
    cursor_ = deadline->next_;
    if (deadline->at_ > now_) {
      armed = armed || deadline->at_ != Clock::time_point::max();
      continue;
    }
    deadline->disarm();
    deadline->expired_ = true;
    deadline->expire_();
  }
  cursor_ = nullptr;
  ticking_ = armed || rearmed_;
  rearmed_ = false;
  if (ticking_) schedule();
}

}  // namespace tapedeck::net
