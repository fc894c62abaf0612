#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/http/result.hpp"
#include "client/net/types.hpp"
#include "daemon/worker.hpp"

namespace tapedeck {

/// Accepts connections and deals them to the workers in turn. Lives on the first worker's thread.
class Listener {
 public:
  /// Binds and listens; fails with Stage::configure and the address.
  static Result<std::unique_ptr<Listener>> open(
      const net::Endpoint& endpoint, Entrance entrance,
      const std::vector<std::unique_ptr<Worker>>& workers);

  /// Takes a socket that listens already, as a service manager hands it over; it is closed with
  /// this. Fails with Stage::configure when it is no TCP socket that listens.
  static Result<std::unique_ptr<Listener>> adopt(
      int descriptor, Entrance entrance, const std::vector<std::unique_ptr<Worker>>& workers);

  /// Accepts until closed. Over max_connections, connections wait in the kernel's backlog; out of
  /// descriptors, accepting rests for a moment instead of spinning.
  net::Awaitable<void> run();
  void close();

  net::Endpoint endpoint() const { return acceptor_.local_endpoint(); }
  Entrance entrance() const noexcept { return entrance_; }

 private:
  Listener(net::Acceptor acceptor, Entrance entrance,
           const std::vector<std::unique_ptr<Worker>>& workers);
  bool admits(const net::Endpoint& client);

  net::Acceptor acceptor_;
  Entrance entrance_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  net::Timer rest_;
};

/// "127.0.0.1:8888" or "[::1]:8888".
Result<net::Endpoint> parse_endpoint(const std::string& text);

}  // namespace tapedeck
