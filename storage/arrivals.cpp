#include "storage/arrivals.hpp"

#include <utility>

namespace tapedeck::storage {

void Arrivals::add(std::int64_t offset, std::int64_t at_us) {
  if (at_us - last_us_ < grain_us_) return;
  last_us_ = at_us;
  // Nothing of the body came with the last one: framing alone.
  if (!events_.empty() && events_.back().offset == offset) {
    events_.back().at_us = at_us;
    return;
  }
  events_.push_back({offset, at_us});
  if (++count_ % kEventsPerGrain == 0) grain_us_ *= 2;
}

std::vector<Arrivals::Event> Arrivals::take() noexcept { return std::exchange(events_, {}); }

}  // namespace tapedeck::storage
