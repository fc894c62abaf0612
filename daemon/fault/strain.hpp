#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "client/http/result.hpp"
#include "client/net/types.hpp"

namespace tapedeck {

class Session;

/// What a response body suffers on its way to the client: it comes no faster than so many bytes a
/// second, or is cut.
struct Strain {
  std::size_t bytes_per_second = 0;  ///< 0: as fast as it goes
  std::uint64_t bytes_left = std::numeric_limits<std::uint64_t>::max();
  std::string rule;  ///< that cuts it

  bool any() const noexcept { return bytes_per_second > 0 || !rule.empty(); }
  /// The part of `data` that goes next, a tenth of a second's worth at the most; empty: the cut.
  std::string_view next(std::string_view data);
};

/// Waits for as long as `size` bytes take. Fails when the proxy's stopping ended it.
net::Awaitable<Result<void>> take_time(Session& session, std::size_t size);
/// Why a body that is cut is at its end.
Failure cut_by(const Strain& strain);

/// Sends `data` by `(sender.*send)(part)` under the session's strain.
template <class Owner, class Sender>
net::Awaitable<Result<void>> send_strained(
    Owner& session, std::string_view data, Sender& sender,
    net::Awaitable<Result<void>> (Sender::*send)(std::string_view)) {
  while (!data.empty()) {
    const std::string_view part = session.strain.next(data);
    if (part.empty()) {
      if (auto ok = co_await session.flush(); !ok) co_return ok;
      co_return cut_by(session.strain);
    }
    data.remove_prefix(part.size());
    if (auto ok = co_await (sender.*send)(part); !ok) co_return ok;
    if (session.strain.bytes_per_second == 0) continue;
    if (auto ok = co_await session.flush(); !ok) co_return ok;
    if (auto ok = co_await take_time(session, part.size()); !ok) co_return ok;
  }
  co_return Result<void>{};
}

}  // namespace tapedeck
