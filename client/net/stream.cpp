#include "client/net/stream.hpp"

#include <algorithm>
#include <sys/socket.h>

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>

#include "client/net/error.hpp"
#include "client/net/one_shot.hpp"

namespace tapedeck::net {
namespace {

/// What a TLS record holds at most (RFC 8446 section 5.1).
constexpr std::size_t kMaxRecord = std::size_t{16} * 1024;

void remove_prefix(std::array<std::string_view, 3>& pieces, std::size_t size) {
  for (std::string_view& piece : pieces) {
    const std::size_t part = std::min(size, piece.size());
    piece.remove_prefix(part);
    size -= part;
  }
}

}  // namespace

Stream::Stream(Socket socket) : socket_(std::move(socket)) {
  std::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Stream& Stream::operator=(Stream&& other) noexcept {
  tls_.reset();
  socket_ = std::move(other.socket_);
  tls_ = std::move(other.tls_);
  return *this;
}

Awaitable<std::error_code> Stream::start_tls(std::shared_ptr<TlsContext> context, std::string host,
                                             std::uint16_t port) {
  tls_ = std::make_unique<TlsSession>(std::move(context), socket_.native_handle(), host, port);
  co_return co_await shake_hands();
}

Awaitable<std::error_code> Stream::accept_tls(const TlsAcceptor& acceptor, TlsIdentity identity,
                                              std::string host, std::string received) {
  tls_ = std::make_unique<TlsSession>(acceptor, identity, socket_.native_handle(), host,
                                      std::move(received));
  co_return co_await shake_hands();
}

Awaitable<std::error_code> Stream::shake_hands() {
  while (true) {
    const TlsSession::Step step = tls_->handshake();
    if (step.error || step.want == TlsSession::Want::nothing) co_return step.error;
    if (const std::error_code error = co_await wait_for(step.want); error) co_return error;
  }
}

Awaitable<IoResult> Stream::read_some(std::span<char> into) {
  if (tls_) co_return co_await read_tls(into);
  IoResult result;
  result.size = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()),
                                                 asio::redirect_error(kUseAwaitable, result.error));
  result.error = portable(result.error);
  co_return result;
}

IoResult Stream::read_now(std::span<char> into) {
  if (tls_) {
    tls_->try_socket();
    const TlsSession::Step step = tls_->read(into);
    return {step.error, step.size};
  }
  IoResult result;
  result.size = socket_.read_some(asio::buffer(into.data(), into.size()), result.error);
  result.error =
      result.error == asio::error::would_block ? std::error_code{} : portable(result.error);
  return result;
}

Awaitable<IoResult> Stream::read_tls(std::span<char> into) {
  while (true) {
    const TlsSession::Step step = tls_->read(into);
    if (step.error || step.want == TlsSession::Want::nothing) {
      co_return IoResult{step.error, step.size};
    }
    if (const std::error_code error = co_await wait_for(step.want); error) {
      co_return IoResult{error, 0};
    }
  }
}

void Stream::async_read_tls(http::Connection& into, std::size_t size, ReadHandler handler) {
  const TlsSession::Step step = read_tls_now(into, size);
  if (step.want != TlsSession::Want::nothing) {
    return wait_and_read_tls(step.want, into, size, std::move(handler));
  }
  asio::post(executor(), [handler = std::move(handler), step] { handler(step.error, step.size); });
}

void Stream::wait_and_read_tls(TlsSession::Want want, http::Connection& into, std::size_t size,
                               ReadHandler handler) {
  socket_.async_wait(
      want == TlsSession::Want::write ? Socket::wait_write : Socket::wait_read,
      [this, &into, size, handler = std::move(handler)](std::error_code error) mutable {
        // The stream may have been closed after the socket became ready.
        if (!error && !tls_) error = asio::error::operation_aborted;
        if (error) return handler(portable(error), 0);
        tls_->try_socket();
        const TlsSession::Step step = read_tls_now(into, size);
        if (step.want == TlsSession::Want::nothing) return handler(step.error, step.size);
        wait_and_read_tls(step.want, into, size, std::move(handler));
      });
}

TlsSession::Step Stream::read_tls_now(http::Connection& into, std::size_t size) {
  TlsSession::Step step{.want = TlsSession::Want::read};
  if (!tls_->must_wait()) step = tls_->read(into.prepare(size));
  if (step.want != TlsSession::Want::nothing) into.release_buffer();
  return step;
}

Awaitable<std::error_code> Stream::wait_for(TlsSession::Want want) {
  std::error_code error;
  const auto direction = want == TlsSession::Want::write ? Socket::wait_write : Socket::wait_read;
  co_await socket_.async_wait(direction, asio::redirect_error(kUseAwaitable, error));
  if (tls_) tls_->try_socket();
  co_return portable(error);
}

Awaitable<std::error_code> Stream::wait_either() {
  // Shared: the loser's handler runs after the winner has resumed this coroutine.
  const auto woken = std::make_shared<OneShot<std::error_code>>();
  const auto wake = [woken](std::error_code error) { woken->deliver(portable(error)); };
  socket_.async_wait(Socket::wait_read, wake);
  socket_.async_wait(Socket::wait_write, wake);
  const std::error_code error = co_await woken->take();
  cancel();
  co_return error;
}

std::error_code Stream::write_now(std::string_view& bytes) {
  if (tls_) return write_tls(bytes);
  std::error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(bytes), error);
  bytes.remove_prefix(sent);
  return error == asio::error::would_block ? std::error_code{} : portable(error);
}

std::error_code Stream::write_now(std::array<std::string_view, 3>& pieces) {
  if (tls_) return write_tls(pieces);
  std::error_code error;
  const std::array<asio::const_buffer, 3> buffers = {
      asio::buffer(pieces[0]), asio::buffer(pieces[1]), asio::buffer(pieces[2])};
  const std::size_t sent = socket_.write_some(buffers, error);
  remove_prefix(pieces, sent);
  return error == asio::error::would_block ? std::error_code{} : portable(error);
}

std::error_code Stream::write_tls(std::string_view& bytes) {
  while (!bytes.empty()) {
    const TlsSession::Step step = tls_->write(bytes);
    bytes.remove_prefix(step.size);
    if (step.error || step.want != TlsSession::Want::nothing) return step.error;
  }
  return {};
}

/// Small neighbours share a record: three would be three records and three system calls.
std::error_code Stream::write_tls(std::array<std::string_view, 3>& pieces) {
  thread_local std::array<char, kMaxRecord> gathered;
  while (true) {
    std::size_t size = 0;
    for (const std::string_view piece : pieces) {
      size += piece.copy(gathered.data() + size, gathered.size() - size);
    }
    if (size == 0) return {};
    const TlsSession::Step step = tls_->write({gathered.data(), size});
    remove_prefix(pieces, step.size);
    if (step.error || step.want != TlsSession::Want::nothing) return step.error;
  }
}

Awaitable<std::error_code> Stream::write(std::string_view bytes) {
  while (true) {
    std::error_code error = write_now(bytes);
    if (error || bytes.empty()) co_return error;
    co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(kUseAwaitable, error));
    if (error) co_return portable(error);
  }
}

Awaitable<std::error_code> Stream::write(std::array<std::string_view, 3> pieces) {
  while (true) {
    std::error_code error = write_now(pieces);
    const bool done = pieces[0].empty() && pieces[1].empty() && pieces[2].empty();
    if (error || done) co_return error;
    co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(kUseAwaitable, error));
    if (error) co_return portable(error);
  }
}

bool Stream::quiet() {
  if (tls_) return tls_->quiet();
  char byte = 0;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Stream::cancel() {
  std::error_code ignored;
  socket_.cancel(ignored);
}

void Stream::shutdown_send() {
  if (tls_) tls_->shut_down();
  std::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  tls_.reset();
  std::error_code ignored;
  socket_.close(ignored);
}

void Stream::reset() {
  if (tls_) tls_->abandon();
  tls_.reset();
  std::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

std::string Stream::peer_address() const {
  std::error_code error;
  const Endpoint endpoint = socket_.remote_endpoint(error);
  return error ? std::string{} : to_string(endpoint);
}

Endpoint Stream::peer_endpoint() const {
  std::error_code ignored;
  return socket_.remote_endpoint(ignored);
}

Endpoint Stream::local_endpoint() const {
  std::error_code ignored;
  return socket_.local_endpoint(ignored);
}

std::string to_string(const Endpoint& endpoint) {
  const std::string port = std::to_string(endpoint.port());
  if (endpoint.address().is_v6()) return "[" + endpoint.address().to_string() + "]:" + port;
  // Written here: asio's goes through sprintf, and every exchange has its client's.
  std::string text;
  for (const unsigned char byte : endpoint.address().to_v4().to_bytes()) {
    text.append(text.empty() ? "" : ".").append(std::to_string(byte));
  }
  return text.append(":").append(port);
}

}  // namespace tapedeck::net
