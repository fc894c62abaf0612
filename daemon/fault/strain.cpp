#include "daemon/fault/strain.hpp"

#include <algorithm>
#include <chrono>

#include "client/net/error.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/fault/afflict.hpp"

namespace tapedeck {

std::string_view Strain::next(std::string_view data) {
  std::uint64_t most = bytes_left;
  if (bytes_per_second > 0) {
    most = std::min<std::uint64_t>(most, std::max<std::size_t>(bytes_per_second / 10, 1));
  }
  const std::string_view part =
      data.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(most, data.size())));
  bytes_left -= part.size();
  return part;
}

net::Awaitable<Result<void>> take_time(Session& session, std::size_t size) {
  const auto microseconds = size * 1'000'000 / session.strain.bytes_per_second;
  const bool waited = co_await hold_up(session, std::chrono::microseconds(microseconds));
  if (waited) co_return Result<void>{};
  co_return Failure{net::Error::canceled, Stage::relay, Blame::local, "held up by a fault"};
}

Failure cut_by(const Strain& strain) {
  return {net::Error::canceled, Stage::relay, Blame::local, "fault " + strain.rule};
}

}  // namespace tapedeck
