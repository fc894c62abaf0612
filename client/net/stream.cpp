#include "client/net/stream.hpp"

#include <algorithm>
#include <sys/socket.h>

#include <asio/error.hpp>
#include <asio/redirect_error.hpp>

#include "client/net/error.hpp"

namespace tapedeck::net {

Stream::Stream(Socket socket) : socket_(std::move(socket)) {
  std::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Awaitable<IoResult> Stream::read_some(std::span<char> into) {
  IoResult result;
  result.size = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()),
                                                 asio::redirect_error(kUseAwaitable, result.error));
  result.error = portable(result.error);
  co_return result;
}

std::error_code Stream::write_now(std::string_view& bytes) {
  std::error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(bytes), error);
  bytes.remove_prefix(sent);
  return error == asio::error::would_block ? std::error_code{} : portable(error);
}

std::error_code Stream::write_now(std::array<std::string_view, 3>& pieces) {
  std::error_code error;
  const std::array<asio::const_buffer, 3> buffers = {
      asio::buffer(pieces[0]), asio::buffer(pieces[1]), asio::buffer(pieces[2])};
  std::size_t sent = socket_.write_some(buffers, error);
  for (std::string_view& piece : pieces) {
    const std::size_t part = std::min(sent, piece.size());
    piece.remove_prefix(part);
    sent -= part;
  }
  return error == asio::error::would_block ? std::error_code{} : portable(error);
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
  char byte = 0;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Stream::cancel() {
  std::error_code ignored;
  socket_.cancel(ignored);
}

void Stream::shutdown_send() {
  std::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Stream::close() {
  std::error_code ignored;
  socket_.close(ignored);
}

void Stream::reset() {
  std::error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

std::string Stream::peer_address() const {
  std::error_code error;
  const Endpoint endpoint = socket_.remote_endpoint(error);
  return error ? std::string{} : to_string(endpoint);
}

Endpoint Stream::local_endpoint() const {
  std::error_code ignored;
  return socket_.local_endpoint(ignored);
}

std::string to_string(const Endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace tapedeck::net
