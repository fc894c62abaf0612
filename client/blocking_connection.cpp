#include "client/blocking_connection.hpp"

#include "client/channel.hpp"

namespace tapedeck::client {

// Connection.

Result<BlockingConnection> BlockingConnection::to(std::string_view url, Options options) {
  auto parsed = http::parse_url(url);
  if (!parsed) return std::move(parsed).error();
  return BlockingConnection(
      std::make_unique<Channel<BlockingIo>>(parsed->origin(), std::move(options)));
}

BlockingConnection::BlockingConnection(std::unique_ptr<Channel<BlockingIo>> channel)
    : channel_(std::move(channel)) {}
BlockingConnection::BlockingConnection(BlockingConnection&&) noexcept = default;
BlockingConnection& BlockingConnection::operator=(BlockingConnection&&) noexcept = default;
BlockingConnection::~BlockingConnection() = default;

Result<void> BlockingConnection::set_tunnel(std::string_view authority, http::Fields headers) {
  return channel_->set_tunnel(authority, std::move(headers));
}

const http::ResponseHead* BlockingConnection::tunnel_answer() const noexcept {
  return channel_->tunnel_answer();
}

Result<void> BlockingConnection::connect() { return channel_->connect().get(); }

void BlockingConnection::close() { channel_->close(); }

bool BlockingConnection::is_open() const noexcept { return channel_->wire() != nullptr; }

std::optional<net::TlsFacts> BlockingConnection::tls() const {
  const net::TlsFacts* const facts =
      channel_->wire() == nullptr ? nullptr : channel_->wire()->stream.tls();
  return facts == nullptr ? std::nullopt : std::optional(*facts);
}

const Opening* BlockingConnection::opening() const noexcept { return channel_->opening(); }

std::string BlockingConnection::peer_address() const {
  return channel_->wire() == nullptr ? std::string{} : channel_->wire()->address;
}

Result<void> BlockingConnection::request(std::string_view method, std::string_view target,
                                         Body body, http::Fields headers,
                                         AutomaticFields automatic) {
  return channel_->request(method, target, std::move(body), std::move(headers), automatic).get();
}

Result<void> BlockingConnection::begin(std::string_view method, std::string_view target,
                                       AutomaticFields automatic) {
  return channel_->begin(method, target, automatic);
}

Result<void> BlockingConnection::header(std::string_view name, std::string_view value) {
  return channel_->header(name, value);
}

Result<void> BlockingConnection::end_headers() { return channel_->end_headers().get(); }

Result<void> BlockingConnection::send(std::string_view piece) {
  return channel_->send(piece).get();
}

Result<void> BlockingConnection::finish(http::Fields trailers) {
  return channel_->finish(std::move(trailers)).get();
}

Result<BlockingResponse> BlockingConnection::get_response() {
  auto response = channel_->get_response().get();
  if (!response) return std::move(response).error();
  return BlockingResponse(*std::move(response));
}

// Response.

BlockingResponse::BlockingResponse(Response response)
    : response_(std::make_shared<Response>(std::move(response))) {}

int BlockingResponse::status() const noexcept { return response_->status(); }
const std::string& BlockingResponse::reason() const noexcept { return response_->reason(); }
http::Version BlockingResponse::version() const noexcept { return response_->version(); }
const http::Fields& BlockingResponse::headers() const noexcept { return response_->headers(); }
std::string BlockingResponse::header(std::string_view name, std::string_view otherwise) const {
  return response_->header(name, otherwise);
}
bool BlockingResponse::will_close() const noexcept { return response_->will_close(); }

Result<std::string> BlockingResponse::read() { return response_->read().get(); }
Result<std::string> BlockingResponse::read(std::size_t size) { return response_->read(size).get(); }
Result<std::string_view> BlockingResponse::read_some(std::size_t size) {
  return response_->read_some(size).get();
}
Result<std::size_t> BlockingResponse::read_into(std::span<char> into) {
  return response_->read_into(into).get();
}
Result<std::string_view> BlockingResponse::peek(std::size_t size) {
  return response_->peek(size).get();
}
Result<std::string> BlockingResponse::read_line() { return response_->read_line().get(); }

bool BlockingResponse::closed() const noexcept { return response_->closed(); }
const std::string& BlockingResponse::partial() const noexcept { return response_->partial(); }
std::optional<std::uint64_t> BlockingResponse::expected() const noexcept {
  return response_->expected();
}
const http::Fields& BlockingResponse::trailers() const noexcept { return response_->trailers(); }
Result<void> BlockingResponse::decode_content(ContentDecoder::Limits limits) {
  return response_->decode_content(limits);
}

BlockingResponse::Lines::iterator& BlockingResponse::Lines::iterator::operator++() {
  line_ = response_->read_line().value();
  if (line_.empty()) response_ = nullptr;
  return *this;
}

}  // namespace tapedeck::client
