#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/peer.hpp"

namespace tapedeck::test {

/// A listening socket on a free port: the upstream whose part the test plays itself.
class Origin {
 public:
  explicit Origin(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  /// The next connection; throws when none comes.
  Peer accept();
  /// True when a connection waits to be accepted now.
  bool has_connection(std::chrono::milliseconds patience = std::chrono::milliseconds{0});
  /// From now on connections are refused.
  void close();

  std::uint16_t port() const noexcept { return port_; }
  /// "127.0.0.1:PORT".
  std::string authority() const { return address_ + ":" + std::to_string(port_); }
  /// "http://127.0.0.1:PORT" and then `path`.
  std::string url(std::string_view path) const {
    return "http://" + authority() + std::string(path);
  }

 private:
  std::string address_;
  int socket_;
  std::uint16_t port_ = 0;
};

/// A loopback port where nobody listens.
std::uint16_t refused_port();

}  // namespace tapedeck::test
