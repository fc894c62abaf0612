#include "daemon/inspect/counters.hpp"

namespace tapedeck {

void Counters::count(const storage::Exchange& exchange) noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  const auto mode = static_cast<std::size_t>(exchange.mode);
  const auto state = static_cast<std::size_t>(exchange.state);
  exchanges[mode][state].fetch_add(1, kRelaxed);
  durations.add(exchange.timings.total_us.value_or(0));
  request_bytes.fetch_add(static_cast<std::uint64_t>(exchange.request_size), kRelaxed);
  response_bytes.fetch_add(static_cast<std::uint64_t>(exchange.response_size), kRelaxed);
  if (!exchange.upstream_reused) return;
  (*exchange.upstream_reused ? connections_reused : connections_opened).fetch_add(1, kRelaxed);
}

}  // namespace tapedeck
