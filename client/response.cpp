#include "client/response.hpp"

#include <algorithm>

#include "client/channel.hpp"

namespace tapedeck::client {
namespace {

/// What a read sets aside beforehand, whatever the server announces.
constexpr std::size_t kReserve = std::size_t{16} << 20;

}  // namespace

template <class Io>
const http::ResponseHead& BasicResponse<Io>::head() const noexcept {
  return incoming_->head;
}

template <class Io>
std::string BasicResponse<Io>::header(std::string_view name, std::string_view otherwise) const {
  return headers().joined(name).value_or(std::string(otherwise));
}

template <class Io>
bool BasicResponse<Io>::will_close() const noexcept {
  return incoming_->will_close;
}

template <class Io>
bool BasicResponse<Io>::closed() const noexcept {
  return incoming_->read_whole() && !incoming_->failure;
}

template <class Io>
const std::string& BasicResponse<Io>::partial() const noexcept {
  return incoming_->partial;
}

template <class Io>
std::optional<std::uint64_t> BasicResponse<Io>::expected() const noexcept {
  if (incoming_->framing.kind != http::Framing::Kind::length) return std::nullopt;
  return incoming_->framing.length;
}

template <class Io>
const http::Fields& BasicResponse<Io>::trailers() const noexcept {
  return incoming_->trailers;
}

template <class Io>
Result<void> BasicResponse<Io>::decode_content(ContentDecoder::Limits limits) {
  Incoming<Io>& incoming = *incoming_;
  if (incoming.started) {
    return Failure{Error::response_not_ready, Stage::receive, Blame::local,
                   "the body is being read already"};
  }
  const std::string codings = header("Content-Encoding");
  if (codings.empty() || incoming.ended) return {};
  auto decoder = ContentDecoder::create(codings, limits, [&incoming](std::span<const char> piece) {
    incoming.decoded.append(piece.data(), piece.size());
  });
  if (!decoder) return std::move(decoder).error();
  incoming.decoder = *std::move(decoder);
  incoming.encoded = incoming.pending;
  incoming.pending = {};
  return {};
}

template <class Io>
auto BasicResponse<Io>::peek(std::size_t size) -> Task<Result<std::string_view>> {
  Incoming<Io>& incoming = *incoming_;
  if (incoming.pending.empty()) {
    if (incoming.failure) co_return *incoming.failure;
    if (incoming.channel != nullptr) {
      auto filled = co_await incoming.channel->fill(incoming);
      if (!filled) co_return std::move(filled).error();
    }
  }
  co_return incoming.pending.substr(0, size);
}

template <class Io>
auto BasicResponse<Io>::read_some(std::size_t size) -> Task<Result<std::string_view>> {
  auto piece = co_await peek(size);
  if (piece) incoming_->pending.remove_prefix(piece->size());
  co_return piece;
}

/// Appends up to `size` bytes of body; on failure what was gathered becomes partial().
template <class Io>
auto BasicResponse<Io>::read_onto(std::string& text, std::size_t size) -> Task<Result<void>> {
  while (size > 0) {
    auto piece = co_await read_some(size);
    if (!piece) {
      incoming_->partial = std::move(text);
      co_return std::move(piece).error();
    }
    if (piece->empty()) break;
    text += *piece;
    size -= piece->size();
  }
  // The end of the body is seen with its last byte, not by the read after it.
  if (incoming_->channel != nullptr) incoming_->channel->look_ahead(*incoming_);
  co_return Result<void>{};
}

template <class Io>
auto BasicResponse<Io>::read() -> Task<Result<std::string>> {
  const auto limit = static_cast<std::size_t>(incoming_->max_body);
  std::string text;
  text.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(expected().value_or(0), kReserve)));
  auto done = co_await read_onto(text, limit);
  if (!done) co_return std::move(done).error();
  if (closed()) co_return text;
  // The end may arrive after the last byte that fits.
  auto more = co_await peek(1);
  if (more && more->empty()) co_return text;
  incoming_->partial = std::move(text);
  if (!more) co_return std::move(more).error();
  co_return Failure{http::Error::content_too_large, Stage::receive, Blame::remote,
                    "read() holds at most " + std::to_string(limit) + " bytes (max_body)"};
}

template <class Io>
auto BasicResponse<Io>::read(std::size_t size) -> Task<Result<std::string>> {
  std::string text;
  text.reserve(std::min(size, kReserve));
  auto done = co_await read_onto(text, size);
  if (!done) co_return std::move(done).error();
  co_return text;
}

template <class Io>
auto BasicResponse<Io>::read_into(std::span<char> into) -> Task<Result<std::size_t>> {
  std::size_t size = 0;
  while (size < into.size()) {
    auto piece = co_await read_some(into.size() - size);
    if (!piece) {
      incoming_->partial.assign(into.data(), size);
      co_return std::move(piece).error();
    }
    if (piece->empty()) break;
    size += piece->copy(into.data() + size, piece->size());
  }
  if (incoming_->channel != nullptr) incoming_->channel->look_ahead(*incoming_);
  co_return size;
}

template <class Io>
auto BasicResponse<Io>::read_line() -> Task<Result<std::string>> {
  const auto limit = static_cast<std::size_t>(incoming_->max_body);
  std::string line;
  while (true) {
    const std::size_t room = limit - line.size();
    auto piece = co_await peek(std::max<std::size_t>(room, 1));
    if (!piece) {
      incoming_->partial = std::move(line);
      co_return std::move(piece).error();
    }
    if (room == 0 && !piece->empty()) break;
    const std::size_t end = piece->find('\n');
    const std::size_t size = end == std::string_view::npos ? piece->size() : end + 1;
    line += piece->substr(0, size);
    incoming_->pending.remove_prefix(size);
    if (end != std::string_view::npos || size == 0) co_return line;
  }
  incoming_->partial = std::move(line);
  co_return Failure{http::Error::content_too_large, Stage::receive, Blame::remote,
                    "a line of more than max_body bytes"};
}

template class BasicResponse<AsyncIo>;
template class BasicResponse<BlockingIo>;

}  // namespace tapedeck::client
