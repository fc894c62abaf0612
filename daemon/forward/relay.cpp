#include "daemon/forward/relay.hpp"

#include <array>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

namespace tapedeck {
namespace {

constexpr std::size_t kRelayRead = 16 * 1024;

}  // namespace

net::Awaitable<void> Relay::run() {
  asio::co_spawn(client_.executor(), relay_up(), asio::detached);
  co_await relay(upstream_, client_, down_);
  co_await up_done_.take();
}

net::Awaitable<void> Relay::relay_up() {
  co_await relay(client_, upstream_, up_);
  up_done_.deliver(true);
}

net::Awaitable<void> Relay::relay(net::Stream& from, net::Stream& to, std::int64_t& count) {
  std::array<char, kRelayRead> buffer;
  while (!ending_) {
    const net::IoResult read = co_await from.read_some(buffer);
    if (read.error) break;
    count += static_cast<std::int64_t>(read.size);
    const std::string_view piece(buffer.data(), read.size);
    if (overhear_ && &from == &client_ && !overhear_(piece)) overhear_ = nullptr;
    const std::error_code error = co_await to.write(piece);
    if (error) break;
  }
  ending_ = true;
  to.shutdown_send();
  client_.cancel();
  upstream_.cancel();
}

}  // namespace tapedeck
