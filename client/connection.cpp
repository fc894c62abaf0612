#include "client/connection.hpp"

#include "client/channel.hpp"

namespace tapedeck::client {

Result<Connection> Connection::to(std::string_view url, asio::io_context& context,
                                  net::Watchdog& watchdog, Options options) {
  auto parsed = http::parse_url(url);
  if (!parsed) return std::move(parsed).error();
  return Connection(
      std::make_unique<Channel<AsyncIo>>(parsed->origin(), std::move(options), context, watchdog));
}

Connection::Connection(std::unique_ptr<Channel<AsyncIo>> channel) : channel_(std::move(channel)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<void> Connection::set_tunnel(std::string_view authority, http::Fields headers) {
  return channel_->set_tunnel(authority, std::move(headers));
}

const http::ResponseHead* Connection::tunnel_answer() const noexcept {
  return channel_->tunnel_answer();
}

net::Awaitable<Result<void>> Connection::connect() { return channel_->connect(); }

void Connection::close() { channel_->close(); }

bool Connection::is_open() const noexcept { return channel_->wire() != nullptr; }

std::optional<net::TlsFacts> Connection::tls() const {
  const net::TlsFacts* const facts =
      channel_->wire() == nullptr ? nullptr : channel_->wire()->stream.tls();
  return facts == nullptr ? std::nullopt : std::optional(*facts);
}

std::string Connection::peer_address() const {
  return channel_->wire() == nullptr ? std::string{} : channel_->wire()->address;
}

const Opening* Connection::opening() const noexcept { return channel_->opening(); }

net::Awaitable<Result<void>> Connection::request(std::string_view method, std::string_view target,
                                                 Body body, http::Fields headers,
                                                 AutomaticFields automatic) {
  return channel_->request(method, target, std::move(body), std::move(headers), automatic);
}

Result<void> Connection::begin(std::string_view method, std::string_view target,
                               AutomaticFields automatic) {
  return channel_->begin(method, target, automatic);
}

Result<void> Connection::header(std::string_view name, std::string_view value) {
  return channel_->header(name, value);
}

net::Awaitable<Result<void>> Connection::end_headers() { return channel_->end_headers(); }

net::Awaitable<Result<void>> Connection::send(std::string_view piece) {
  return channel_->send(piece);
}

net::Awaitable<Result<void>> Connection::finish(http::Fields trailers) {
  return channel_->finish(std::move(trailers));
}

net::Awaitable<Result<Response>> Connection::get_response() { return channel_->get_response(); }

}  // namespace tapedeck::client
