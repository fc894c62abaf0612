#pragma once

#include <chrono>
#include <memory>
#include <span>

#include "client/net/now.hpp"
#include "client/open.hpp"

/// The two ways to wait. A connection's logic is written once (Channel) and does its waiting
/// through one of these.
namespace tapedeck::client {

/// Suspends the coroutine until the loop resumes it.
class AsyncIo {
 public:
  template <class T>
  using Task = net::Awaitable<T>;

  AsyncIo(asio::io_context& context, net::Watchdog& watchdog)
      : context_(context), watchdog_(watchdog) {}

  Task<Result<Opened>> open(Destination destination, OpenOptions options, Trace trace) {
    return client::open(std::move(destination), std::move(options), watchdog_,
                        context_.get_executor(), std::move(trace));
  }

  /// Bounds what is waited for from now on, until disarm().
  void arm(PooledConnection& wire, std::chrono::milliseconds time) { wire.deadline.arm(time); }
  void disarm(PooledConnection& wire) { wire.deadline.disarm(); }
  /// The last arming ran out.
  bool expired(const PooledConnection& wire) const { return wire.deadline.expired(); }

  Task<net::IoResult> read_some(PooledConnection& wire, std::span<char> into) {
    return wire.stream.read_some(into);
  }
  /// Until the peer has sent something or a stalled write may go on.
  Task<std::error_code> wait_either(PooledConnection& wire) { return wire.stream.wait_either(); }

 private:
  asio::io_context& context_;
  net::Watchdog& watchdog_;
};

/// Blocks the thread in poll(2). Its own loop runs while a connection is opened, and only then.
class BlockingIo {
 public:
  template <class T>
  using Task = net::Now<T>;

  Task<Result<Opened>> open(Destination destination, OpenOptions options, Trace trace);
  void arm(PooledConnection& wire, std::chrono::milliseconds time);
  void disarm(PooledConnection& wire);
  bool expired(const PooledConnection&) const { return expired_; }
  Task<net::IoResult> read_some(PooledConnection& wire, std::span<char> into);
  Task<std::error_code> wait_either(PooledConnection& wire);

 private:
  std::error_code wait(PooledConnection& wire, short events);

  asio::io_context context_{1};
  net::Watchdog watchdog_{context_};
  net::Clock::time_point deadline_ = net::Clock::time_point::max();
  bool expired_ = false;
  bool flowing_ = false;  ///< the last read was full: the next is likely to find bytes
};

}  // namespace tapedeck::client
