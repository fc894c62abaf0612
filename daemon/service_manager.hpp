#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "client/net/types.hpp"

namespace tapedeck {

/// What systemd or its like is told, and what it hands over: sd_notify(3), sd_listen_fds(3).
/// Without one, as at a terminal, all of it does nothing. Thread: the one that `context` runs on.
class ServiceManager {
 public:
  explicit ServiceManager(asio::io_context& context);

  /// Connections are accepted: dependants may start. From now on the watchdog, where there is one,
  /// hears from `context` twice in its time.
  void ready(const std::string& status);
  /// The configuration is read again, until the next ready().
  void reloading();
  /// No more connections are accepted.
  void stopping();

 private:
  void feed_watchdog();

  net::Timer watchdog_;
  std::chrono::microseconds interval_{0};  ///< 0: no watchdog
};

/// A listening socket made by a service manager.
struct Inherited {
  int descriptor;    ///< close-on-exec; whoever takes it closes it
  std::string name;  ///< FileDescriptorName= of the socket unit
};

/// Those of this process; later calls find none. Before any thread.
std::vector<Inherited> inherited_sockets();

}  // namespace tapedeck
