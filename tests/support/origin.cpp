#include "tests/support/origin.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace tapedeck::test {

Origin::Origin(const std::string& address, std::uint16_t port)
    : address_(address), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &here.sin_addr);
  socklen_t size = sizeof here;
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&here), size) != 0 ||
      ::listen(socket_, 128) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&here), &size) != 0) {
    ::close(socket_);
    throw std::runtime_error("the origin cannot listen on " + address);
  }
  port_ = ntohs(here.sin_port);
}

Origin::~Origin() { close(); }

void Origin::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

bool Origin::has_connection(std::chrono::milliseconds patience) {
  pollfd waiting{socket_, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
}

Peer Origin::accept() {
  if (!has_connection(kPatience)) throw std::runtime_error("nobody connected to the origin");
  return Peer(::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC));
}

std::uint16_t refused_port() {
  Origin origin;
  return origin.port();
}

}  // namespace tapedeck::test
