#include <cerrno>
#include <exception>
#include <poll.h>

#include <asio/co_spawn.hpp>

#include "client/io.hpp"
#include "client/net/error.hpp"

namespace tapedeck::client {
namespace {

net::Awaitable<void> keep(net::Awaitable<Result<Opened>> opening,
                          std::optional<Result<Opened>>& result) {
  result.emplace(co_await std::move(opening));
}

}  // namespace

BlockingIo::Task<Result<Opened>> BlockingIo::open(Destination destination, OpenOptions options,
                                                  Trace trace) {
  std::optional<Result<Opened>> result;
  std::exception_ptr thrown;
  bool finished = false;
  watchdog_.refresh();
  asio::co_spawn(context_,
                 keep(client::open(std::move(destination), std::move(options), watchdog_,
                                   context_.get_executor(), std::move(trace)),
                      result),
                 [&thrown, &finished](std::exception_ptr exception) {
                   thrown = exception;
                   finished = true;
                 });
  context_.restart();
  while (!finished) context_.run_one();
  if (thrown) std::rethrow_exception(thrown);
  co_return *std::move(result);
}

void BlockingIo::arm(PooledConnection& /*wire*/, std::chrono::milliseconds time) {
  expired_ = false;
  deadline_ = net::Clock::now() + time;
}

void BlockingIo::disarm(PooledConnection& /*wire*/) { deadline_ = net::Clock::time_point::max(); }

/// Until the socket is ready or the deadline passes.
std::error_code BlockingIo::wait(PooledConnection& wire, short events) {
  pollfd one{wire.stream.socket().native_handle(), events, 0};
  while (true) {
    int patience = -1;
    if (deadline_ != net::Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - net::Clock::now());
      patience = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    const int ready = ::poll(&one, 1, patience);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return {errno, std::system_category()};
    if (ready == 0) {
      expired_ = true;
      return net::Error::timed_out;
    }
  }
}

BlockingIo::Task<net::IoResult> BlockingIo::read_some(PooledConnection& wire,
                                                      std::span<char> into) {
  // Waiting first saves a read that finds nothing; but not where bytes are known to be there, or
  // likely.
  bool wait_first = !flowing_ && !wire.stream.holds_bytes();
  while (true) {
    if (wait_first) {
      if (const std::error_code error = wait(wire, POLLIN); error) {
        co_return net::IoResult{error, 0};
      }
    }
    const net::IoResult result = wire.stream.read_now(into);
    flowing_ = result.size == into.size();
    if (result.size > 0 || result.error) co_return result;
    wait_first = true;
  }
}

BlockingIo::Task<std::error_code> BlockingIo::wait_either(PooledConnection& wire) {
  co_return wait(wire, POLLIN | POLLOUT);
}

}  // namespace tapedeck::client
