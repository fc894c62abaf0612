#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <asio/buffer.hpp>

#include "client/http/connection.hpp"
#include "client/net/tls_session.hpp"
#include "client/net/types.hpp"

namespace tapedeck::net {

/// An open connection to a peer, over TCP or over TLS on it: bytes in, bytes out. Move-only; one
/// thread. Writes try the socket first and suspend only when it is full: a small message costs one
/// system call and no trip through the scheduler.
class Stream {
 public:
  explicit Stream(Socket socket);
  Stream(Stream&&) = default;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream() = default;

  /// The TLS handshake as a client of `host`: whatever is read and written afterwards goes through
  /// TLS. On failure why() tells, and the stream is good for nothing but closing.
  Awaitable<std::error_code> start_tls(std::shared_ptr<TlsContext> context, std::string host,
                                       std::uint16_t port);
  /// The TLS handshake as a server that a client asked for `host`, showing `identity`. `received`
  /// is what was already read from the stream. Failures as above.
  Awaitable<std::error_code> accept_tls(const TlsAcceptor& acceptor, TlsIdentity identity,
                                        std::string host, std::string received);
  /// What TLS agreed on; null over plain TCP.
  const TlsFacts* tls() const noexcept { return tls_ ? &tls_->facts() : nullptr; }
  /// What TLS has to say about the last failure; empty over plain TCP.
  std::string why() const { return tls_ ? tls_->why() : std::string{}; }

  /// Reads what is there, at least one byte unless an error is returned. A clean end is
  /// asio::error::eof.
  Awaitable<IoResult> read_some(std::span<char> into);

  /// TLS has received bytes that were not read yet: the socket will not announce them again.
  bool holds_bytes() const { return tls_ && tls_->holds_bytes(); }
  /// The same without waiting: neither bytes nor an error when there is nothing.
  IoResult read_now(std::span<char> into);

  /// read_some() into room that `into` prepares, with a completion handler
  /// `void(std::error_code, std::size_t)`, which is never called from within. Over TLS the room is
  /// made when bytes are there: a connection at rest holds none.
  template <class Handler>
  void async_read_some(http::Connection& into, std::size_t size, Handler&& handler) {
    if (tls_) return async_read_tls(into, size, std::forward<Handler>(handler));
    const std::span<char> room = into.prepare(size);
    socket_.async_read_some(asio::buffer(room.data(), room.size()), std::forward<Handler>(handler));
  }

  /// Writes as much as fits without waiting and removes it from `bytes`. What is left must be
  /// written before anything else is.
  std::error_code write_now(std::string_view& bytes);
  /// The same for up to three pieces in a row, in one system call.
  std::error_code write_now(std::array<std::string_view, 3>& pieces);
  /// Writes all of it.
  Awaitable<std::error_code> write(std::string_view bytes);
  Awaitable<std::error_code> write(std::array<std::string_view, 3> pieces);

  /// Waits until the peer has sent something, or a stalled write may go on.
  Awaitable<std::error_code> wait_either();

  /// What a pooled connection must pass before reuse: open, and not a byte waiting (RFC 9112
  /// section 9.2: unsolicited data never becomes a response).
  bool quiet();

  /// Gives back the buffers that TLS holds for nothing: before a pause.
  void rest() {
    if (tls_) tls_->rest();
  }

  /// Every pending operation ends with asio::error::operation_aborted.
  void cancel();
  /// Says that nothing more will be sent (close_notify, FIN); reading goes on.
  void shutdown_send();
  void close();
  /// Closes with RST, so that the peer cannot take a cut message for a whole one.
  void reset();
  bool is_open() const { return socket_.is_open(); }

  Executor executor() { return socket_.get_executor(); }
  /// "192.0.2.1:80" or "[2001:db8::1]:80"; empty when not connected.
  std::string peer_address() const;
  /// The address of the other end; port 0 when not connected.
  Endpoint peer_endpoint() const;
  Endpoint local_endpoint() const;
  Socket& socket() noexcept { return socket_; }

 private:
  using ReadHandler = std::function<void(std::error_code, std::size_t)>;
  void async_read_tls(http::Connection& into, std::size_t size, ReadHandler handler);
  void wait_and_read_tls(TlsSession::Want want, http::Connection& into, std::size_t size,
                         ReadHandler handler);
  TlsSession::Step read_tls_now(http::Connection& into, std::size_t size);
  Awaitable<std::error_code> shake_hands();
  Awaitable<std::error_code> wait_for(TlsSession::Want want);
  Awaitable<IoResult> read_tls(std::span<char> into);
  std::error_code write_tls(std::string_view& bytes);
  std::error_code write_tls(std::array<std::string_view, 3>& pieces);

  Socket socket_;
  std::unique_ptr<TlsSession> tls_;  ///< after the socket: says goodbye through it
};

std::string to_string(const Endpoint& endpoint);

}  // namespace tapedeck::net
