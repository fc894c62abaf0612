#pragma once

#include <cerrno>
#include <chrono>
#include <poll.h>

namespace tapedeck::test {

/// Waits until a socket is ready for `events` (POLLIN, POLLOUT); false when it is not in time.
inline bool wait_for(int socket, short events, std::chrono::milliseconds patience) {
  pollfd poll_one{socket, events, 0};
  int ready = 0;
  do {
    ready = ::poll(&poll_one, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace tapedeck::test
