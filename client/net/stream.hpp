#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <asio/buffer.hpp>

#include "client/net/types.hpp"

namespace tapedeck::net {

/// An open connection to a peer: bytes in, bytes out. Move-only; one thread.
/// Writes try the socket first and suspend only when it is full: a small message costs one system
/// call and no trip through the scheduler.
class Stream {
 public:
  explicit Stream(Socket socket);
  Stream(Stream&&) = default;
  Stream& operator=(Stream&&) = default;

  /// Reads what is there, at least one byte unless an error is returned. A clean end is
  /// asio::error::eof.
  Awaitable<IoResult> read_some(std::span<char> into);

  /// The same with a completion handler `void(std::error_code, std::size_t)`.
  template <class Handler>
  void async_read_some(std::span<char> into, Handler&& handler) {
    socket_.async_read_some(asio::buffer(into.data(), into.size()), std::forward<Handler>(handler));
  }

  /// Writes as much as fits without waiting and removes it from `bytes`.
  std::error_code write_now(std::string_view& bytes);
  /// The same for up to three pieces in a row, in one system call.
  std::error_code write_now(std::array<std::string_view, 3>& pieces);
  /// Writes all of it.
  Awaitable<std::error_code> write(std::string_view bytes);
  Awaitable<std::error_code> write(std::array<std::string_view, 3> pieces);

  /// What a pooled connection must pass before reuse: open, and not a byte waiting (RFC 9112
  /// section 9.2: unsolicited data never becomes a response).
  bool quiet();

  /// Every pending operation ends with asio::error::operation_aborted.
  void cancel();
  /// Sends FIN; reading goes on.
  void shutdown_send();
  void close();
  /// Closes with RST, so that the peer cannot take a cut message for a whole one.
  void reset();
  bool is_open() const { return socket_.is_open(); }

  Executor executor() { return socket_.get_executor(); }
  /// "192.0.2.1:80" or "[2001:db8::1]:80"; empty when not connected.
  std::string peer_address() const;
  Endpoint local_endpoint() const;
  Socket& socket() noexcept { return socket_; }

 private:
  Socket socket_;
};

std::string to_string(const Endpoint& endpoint);

}  // namespace tapedeck::net
