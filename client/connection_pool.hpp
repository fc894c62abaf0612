#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/http/connection.hpp"
#include "client/http/url.hpp"
#include "client/net/deadline.hpp"
#include "client/net/stream.hpp"

namespace tapedeck::client {

/// An open connection to an origin with the HTTP state and the deadline that belong to it.
struct PooledConnection {
  PooledConnection(net::Stream opened, const http::Limits& limits, net::Watchdog& watchdog)
      : stream(std::move(opened)),
        http(http::Role::client, limits),
        deadline(watchdog, [this] { stream.cancel(); }) {}
  net::Stream stream;
  http::Connection http;
  net::Deadline deadline;  ///< cancels what the stream is doing
  std::string address;     ///< of the peer
  bool reused = false;     ///< has served an exchange before
  const net::Clock::time_point opened_at = net::Clock::now();
  net::Clock::time_point idle_since{};
};

/// Idle keep-alive connections of one thread, by origin. No locks; never shared between threads.
/// Connections are reused last in, first out, after a check that the peer neither closed nor sent
/// anything meanwhile (RFC 9112 sections 9.2 and 9.3); those idle for too long are closed.
class ConnectionPool {
 public:
  struct Options {
    std::chrono::milliseconds idle_timeout{60'000};
    std::size_t max_idle_per_origin = 64;
  };

  ConnectionPool(net::Watchdog& watchdog, Options options);

  /// A live idle connection to that origin, or null.
  std::unique_ptr<PooledConnection> take(const http::Origin& origin);
  /// Gives a connection back after an exchange; closes it unless it may serve another.
  void put(const http::Origin& origin, std::unique_ptr<PooledConnection> connection);
  std::size_t idle_count() const noexcept { return idle_count_; }
  void clear();
  /// Closes the idle ones, and takes back none that is open now: what comes is opened anew.
  void renew(Options options);

 private:
  struct Hash {
    std::size_t operator()(const http::Origin& origin) const noexcept;
  };
  using Idle = std::vector<std::unique_ptr<PooledConnection>>;
  void sweep();

  Options options_;
  net::Clock::time_point renewed_at_{};
  net::Watchdog& watchdog_;
  net::Deadline sweep_;
  std::unordered_map<http::Origin, Idle, Hash> idle_;
  std::size_t idle_count_ = 0;
};

}  // namespace tapedeck::client
