#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "daemon/daemon.hpp"
#include "tests/support/log_rows.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tapedeck::test {

/// The whole proxy on a thread of this process, with a log of its own in a temporary directory.
class Proxy {
 public:
  using Adjust = std::function<void(config::Options&)>;
  /// One worker thread and one listener on a free port of 127.0.0.1, unless `adjust` says else.
  explicit Proxy(const Adjust& adjust = nullptr);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  Peer connect() const { return Peer::connect(port()); }
  std::uint16_t port() const { return port_; }
  /// Of the gateway, when `adjust` asked for one.
  std::uint16_t gateway_port() const { return gateway_port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& database() const noexcept { return database_; }
  const Daemon& daemon() const noexcept { return *daemon_; }

  /// Begins to stop and returns at once.
  void stop() { daemon_->stop(); }
  /// Waits until the proxy has stopped.
  void join();
  /// The rows of the log once it holds `count` finished ones.
  LogRows rows(std::size_t count) const { return LogRows::await(database_, count); }
  /// The one row of the log, once finished.
  Row row() const { return rows(1).only(); }
  /// Stops and returns all rows, whatever their state.
  LogRows all_rows();

 private:
  ScratchDirectory directory_;
  std::string database_;
  std::unique_ptr<Daemon> daemon_;
  std::uint16_t port_ = 0;
  std::uint16_t gateway_port_ = 0;
  std::thread thread_;
};

}  // namespace tapedeck::test
