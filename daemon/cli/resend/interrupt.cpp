#include "daemon/cli/resend/interrupt.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace tapedeck::resend {
namespace {

/// Readable from the first signal on. A handler can do no more than write to it.
int event = -1;

void note(int) {
  const int error = errno;
  const std::uint64_t one = 1;
  // It cannot fail in a way that matters: readable is all it has to be.
  [[maybe_unused]] const ssize_t written = write(event, &one, sizeof one);
  errno = error;
}

}  // namespace

Interrupt::Interrupt() {
  event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  struct sigaction action {};
  action.sa_handler = note;
  // The second signal finds what was there before.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before_pipe_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
  sigaction(SIGPIPE, &before_pipe_, nullptr);
  close(event);
}

bool Interrupt::requested() const { return !wait_until(std::chrono::steady_clock::time_point{}); }

bool Interrupt::wait_until(std::chrono::steady_clock::time_point then) const {
  using namespace std::chrono;
  pollfd signaled{.fd = event, .events = POLLIN, .revents = 0};
  while (true) {
    const auto left = ceil<milliseconds>(then - steady_clock::now()).count();
    const auto wait = std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max());
    const int ready = poll(&signaled, 1, static_cast<int>(wait));
    if (ready > 0) return false;
    if (steady_clock::now() >= then) return true;
  }
}

}  // namespace tapedeck::resend
