#include "daemon/replay/pace.hpp"

#include <limits>

#include <asio/redirect_error.hpp>

#include "daemon/accept/session.hpp"

namespace tapedeck {

Pace::Pace(Session& session, double speed, const storage::RecordedTiming& timing)
    : session_(session),
      speed_(speed),
      timing_(timing),
      timer_(session.worker.context),
      begun_(net::Clock::now()) {
  if (speed_ == 0) return;
  const auto cancel = [this] {
    canceled_ = true;
    timer_.cancel();
  };
  session_.on_cut(cancel);
  session_.inbound.when_gone(cancel);
  session_.inbound.start(Inbound::kHeadRead);
}

Pace::~Pace() {
  if (speed_ == 0) return;
  session_.inbound.when_gone(nullptr);
  session_.on_cut(nullptr);
}

net::Awaitable<void> Pace::head() {
  if (speed_ == 0) co_return;
  co_await wait_until(begun_ + scaled(timing_.wait_us));
  begun_ = net::Clock::now();
}

bool Pace::about_to_wait(std::int64_t offset) const noexcept {
  return speed_ != 0 && next_ < timing_.events.size() && timing_.events[next_].offset <= offset;
}

net::Awaitable<std::size_t> Pace::arrival(std::int64_t offset) {
  constexpr auto kAll = std::numeric_limits<std::size_t>::max();
  if (speed_ == 0) co_return kAll;
  const auto& events = timing_.events;
  while (about_to_wait(offset)) {
    co_await wait_until(begun_ + scaled(events[next_].at_us));
    ++next_;
  }
  if (next_ == events.size()) co_return kAll;
  co_return static_cast<std::size_t>(events[next_].offset - offset);
}

net::Awaitable<void> Pace::wait_until(net::Clock::time_point when) {
  if (canceled_) co_return;
  timer_.expires_at(when);
  std::error_code canceled;
  co_await timer_.async_wait(asio::redirect_error(net::kUseAwaitable, canceled));
}

net::Clock::duration Pace::scaled(std::int64_t microseconds) const {
  return std::chrono::duration_cast<net::Clock::duration>(
      std::chrono::duration<double, std::micro>(static_cast<double>(microseconds) / speed_));
}

}  // namespace tapedeck
