#include "daemon/accept/inbound.hpp"

#include <asio/error.hpp>

#include "client/net/error.hpp"

namespace tapedeck {

void Inbound::start(std::size_t size) {
  if (reading_ || gone()) return;
  reading_ = true;
  stream_.async_read_some(
      http_, size, [this](std::error_code error, std::size_t read) { read_ended(error, read); });
}

void Inbound::read_ended(std::error_code error, std::size_t size) {
  reading_ = false;
  error = net::portable(error);
  http_.commit(size);
  if (error == asio::error::eof) {
    http_.commit_eof();
    error = {};
  } else if (error && error != std::errc::operation_canceled) {
    gone_error_ = error;
  }
  if (awaited_) {
    ended_.deliver(error);
  } else if (gone() && gone_) {
    gone_();
  }
}

net::Awaitable<std::error_code> Inbound::arrived(std::size_t size) {
  if (gone_error_) co_return gone_error_;
  if (http_.eof()) co_return std::error_code{};
  start(size);
  awaited_ = true;
  const std::error_code error = co_await ended_.take();
  awaited_ = false;
  co_return error;
}

net::Awaitable<void> Inbound::stop() {
  gone_ = nullptr;
  if (!reading_) co_return;
  stream_.cancel();
  awaited_ = true;
  co_await ended_.take();
  awaited_ = false;
}

}  // namespace tapedeck
