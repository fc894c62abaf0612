#include "client/channel.hpp"

#include <algorithm>

#include <asio/error.hpp>

#include "client/http/serializer.hpp"
#include "client/net/error.hpp"

namespace tapedeck::client {
namespace {

using EventKind = http::Connection::EventKind;

/// RFC 9110 section 10.1.1: a client "SHOULD NOT wait for an indefinite period".
constexpr std::chrono::milliseconds kPermissionWait{1'000};
/// How long what is left of a response may keep the next request waiting.
constexpr std::chrono::milliseconds kDrainTime{1'000};
/// Encoded bytes decoded at once: bounds what a bomb makes us hold.
constexpr std::size_t kDecodeSlice = 1024;

std::string authority_of(const http::Origin& origin) {
  http::Authority authority{origin.host, std::nullopt, origin.host.find(':') != std::string::npos};
  if (origin.port != http::default_port(origin.scheme)) authority.port = origin.port;
  return authority.to_string();
}

http::Authority with_port(const http::Origin& origin) {
  return {origin.host, origin.port, origin.host.find(':') != std::string::npos};
}

Failure gone() { return {Error::response_gone, Stage::receive, Blame::local, {}}; }

}  // namespace

template <class Io>
Channel<Io>::~Channel() {
  close();
}

// Opening and closing.

template <class Io>
Result<void> Channel<Io>::set_tunnel(std::string_view authority, http::Fields headers) {
  if (wire_) return out_of_turn(Error::cannot_send_request, "a tunnel is set before connecting");
  auto parsed = http::parse_authority(authority);
  if (!parsed) return std::move(parsed).error();
  tunneled_.host = http::to_lower(parsed->host);
  tunneled_.port = parsed->port.value_or(http::default_port(origin_.scheme));
  tunnel_ = connect_request(with_port(tunneled_), std::move(headers));
  return {};
}

template <class Io>
const http::ResponseHead* Channel<Io>::tunnel_answer() const noexcept {
  return tunnel_answer_ ? &*tunnel_answer_ : nullptr;
}

template <class Io>
Destination Channel<Io>::destination() const {
  const bool secure = origin_.scheme == "https";
  Destination to{.origin = tunneled_, .dial_to = with_port(origin_)};
  if (secure) to.tls = options_.tls ? options_.tls : net::TlsContext::system();
  if (options_.connect_to) {
    to.dial_to = *options_.connect_to;
    if (!to.dial_to.port) to.dial_to.port = origin_.port;
  }
  if (tunnel_) {
    to.tunnel = tunnel_;
  } else if (options_.proxy) {
    options_.proxy->lead(to, secure);
  }
  return to;
}

template <class Io>
auto Channel<Io>::connect() -> Task<Result<void>> {
  close();
  opening_.reset();
  const Timeouts& times = options_.timeouts;
  const auto bounded = [&](std::chrono::milliseconds time) {
    return times.total.count() > 0 ? std::min(time, times.total) : time;
  };
  OpenOptions how{.dial = {.resolve = bounded(times.resolve),
                           .connect = bounded(times.connect),
                           .source_address = options_.source_address},
                  .tls_timeout = bounded(times.tls),
                  .limits = options_.limits};
  Destination to = destination();
  Trace trace = options_.trace;
  auto opened = co_await io_.open(std::move(to), std::move(how), std::move(trace));
  if (!opened) co_return std::move(opened).error();
  wire_ = std::move(opened->connection);
  opening_ = Opening{.address = wire_->address,
                     .tls = {},
                     .dns_us = opened->dns_us,
                     .connect_us = opened->connect_us,
                     .tls_us = opened->tls_us};
  if (const net::TlsFacts* const facts = wire_->stream.tls()) opening_->tls = *facts;
  tunnel_answer_ = std::move(opened->tunnel_answer);
  co_return Result<void>{};
}

template <class Io>
void Channel<Io>::close() {
  detach();
  drop();
  phase_ = Phase::idle;
}

/// The response under way is on its own: what it has not read is lost.
template <class Io>
void Channel<Io>::detach() {
  if (!incoming_) return;
  if (!incoming_->read_whole() && !incoming_->failure) incoming_->failure = gone();
  incoming_->channel = nullptr;
  incoming_->pending = incoming_->encoded = {};
  incoming_.reset();
}

/// The connection is of no more use.
template <class Io>
void Channel<Io>::drop() {
  if (!wire_) return;
  wire_->stream.close();
  wire_.reset();
  note("connection closed");
}

template <class Io>
auto Channel<Io>::reopen() -> Task<Result<void>> {
  if (wire_) drop();
  if (!options_.auto_open) {
    co_return Failure{Error::not_connected, Stage::connect, Blame::local, origin_.to_string()};
  }
  co_return co_await connect();
}

/// RFC 9112 section 9.3: the peer may have closed meanwhile, or said what nobody asked for.
template <class Io>
bool Channel<Io>::reusable() {
  return wire_ && wire_->http.our_state() == http::State::idle && wire_->stream.quiet();
}

/// What the exchange before has left on the connection (Options::drain_limit).
template <class Io>
auto Channel<Io>::settle_previous() -> Task<Result<void>> {
  Incoming& left = *incoming_;
  const bool failed = left.failure.has_value();
  std::uint64_t drained = 0;
  total_by_ = std::min(total_by_, net::Clock::now() + kDrainTime);
  left.decoder.reset();
  while (!left.ended && !left.failure && drained <= options_.drain_limit) {
    left.pending = left.encoded = {};
    auto filled = co_await fill(left);
    if (!filled) break;
    drained += left.pending.size();
  }
  total_by_ = net::Clock::time_point::max();
  const bool whole = left.ended;
  // Its handle must not take what was thrown away for the end of the body.
  if (!failed) left.failure = gone();
  detach();
  if (!whole) drop();
  co_return Result<void>{};
}

// Sending.

template <class Io>
Result<void> Channel<Io>::out_of_turn(Error error, std::string_view detail) const {
  return Failure{error, Stage::send, Blame::local, std::string(detail)};
}

template <class Io>
Result<void> Channel<Io>::begin(std::string_view method, std::string_view target,
                                AutomaticFields automatic) {
  if (phase_ == Phase::sent) {
    return out_of_turn(Error::cannot_send_request, "the response to the one before was not got");
  }
  if (phase_ != Phase::idle) {
    return out_of_turn(Error::cannot_send_request, "the one before is not finished");
  }
  head_ = http::RequestHead{
      .method = std::string(method), .target = std::string(target), .version = options_.version};
  head_.fields.reserve(8, 256);
  if (automatic.host) head_.fields.add("Host", authority_of(tunneled_));
  if (automatic.accept_encoding) head_.fields.add("Accept-Encoding", "identity");
  phase_ = Phase::head;
  return {};
}

template <class Io>
Result<void> Channel<Io>::header(std::string_view name, std::string_view value) {
  if (phase_ != Phase::head) return out_of_turn(Error::cannot_send_header, name);
  head_.fields.add(name, value);
  return {};
}

/// Everything before the body; leaves the head in `out_`.
template <class Io>
auto Channel<Io>::start(http::Framing framing) -> Task<Result<void>> {
  answered_ = stop_sending_ = byte_seen_ = false;
  send_failure_.reset();
  framing_ = framing;
  out_.clear();
  std::optional<http::RequestHead> rewritten;
  if (options_.proxy && options_.proxy->kind == Proxy::Kind::http && !tunnel_ &&
      origin_.scheme != "https") {
    options_.proxy->address(rewritten.emplace(head_), origin_);
  }
  const http::RequestHead& head = rewritten ? *rewritten : head_;
  if (incoming_) {
    if (incoming_->read_whole()) {
      detach();
    } else {
      (void)co_await settle_previous();
    }
  }
  if (!wire_) {
    // A request that may not be sent opens no connection.
    auto checked = http::append_request_head(head, framing, out_);
    if (!checked) co_return abandon(std::move(checked).error());
    out_.clear();
  }
  const auto total = options_.timeouts.total;
  total_by_ = total.count() > 0 ? net::Clock::now() + total : net::Clock::time_point::max();
  if (reusable()) {
    opening_->reused = wire_->reused;
  } else {
    auto opened = co_await reopen();
    if (!opened) co_return abandon(std::move(opened).error());
  }
  if (options_.trace) {
    const std::string what = head_.method + " for " + tunneled_.to_string();
    options_.trace({TraceEvent::Kind::exchange, what});
  }
  auto sent = wire_->http.send_request(head, framing, out_);
  if (!sent) co_return abandon(std::move(sent).error());
  phase_ = Phase::body;
  co_return Result<void>{};
}

template <class Io>
auto Channel<Io>::end_headers() -> Task<Result<void>> {
  if (phase_ != Phase::head) co_return out_of_turn(Error::cannot_send_header, "no head is open");
  auto framing = http::request_framing(head_);
  if (!framing) co_return abandon(std::move(framing).error());
  auto started = co_await start(*framing);
  if (!started || !framing->has_body()) co_return started;
  co_return co_await write();
}

template <class Io>
auto Channel<Io>::send(std::string_view piece) -> Task<Result<void>> {
  if (phase_ != Phase::body) co_return out_of_turn(Error::cannot_send_body, "no body is due");
  if (piece.empty()) co_return Result<void>{};
  if (stop_sending_) co_return Result<void>{};
  auto frame = wire_->http.send_data(piece.size());
  if (!frame) co_return abandon(std::move(frame).error());
  out_ += frame->before;
  auto written = co_await write(piece, frame->after);
  co_return written;
}

template <class Io>
auto Channel<Io>::finish(http::Fields trailers) -> Task<Result<void>> {
  if (phase_ != Phase::body) co_return out_of_turn(Error::cannot_send_body, "no request is open");
  if (!stop_sending_) {
    auto ended = wire_->http.send_end(trailers, out_);
    if (!ended) co_return abandon(std::move(ended).error());
    auto written = co_await write();
    if (!written) co_return written;
  }
  phase_ = Phase::sent;
  co_return Result<void>{};
}

template <class Io>
Result<http::Framing> Channel<Io>::framing_for(const Body& body, const BodyReader& reader) const {
  auto declared = http::request_framing(head_);
  if (!declared) return declared;
  const bool any = declared->kind != http::Framing::Kind::none;
  if (body.empty()) {
    if (any) {
      return Failure{Error::framing_conflict, Stage::send, Blame::local,
                     "a body is announced, and none given"};
    }
    const bool expected =
        head_.method == "POST" || head_.method == "PUT" || head_.method == "PATCH";
    return expected ? http::Framing::of_length(0) : http::Framing::none();
  }
  if (declared->kind == http::Framing::Kind::chunked) return declared;
  if (declared->kind == http::Framing::Kind::length) {
    if (body.is_chunked() || (reader.length() && *reader.length() != declared->length)) {
      return Failure{Error::framing_conflict, Stage::send, Blame::local,
                     "Content-Length says " + std::to_string(declared->length) + ", the body has " +
                         (reader.length() ? std::to_string(*reader.length()) + " bytes"
                                          : std::string("no known length"))};
    }
    return declared;
  }
  if (body.is_chunked() || !reader.length()) return http::Framing::chunked();
  return http::Framing::of_length(*reader.length());
}

template <class Io>
auto Channel<Io>::request(std::string_view method, std::string_view target, Body body,
                          http::Fields headers, AutomaticFields automatic) -> Task<Result<void>> {
  automatic.host = automatic.host && !headers.contains("host");
  automatic.accept_encoding = automatic.accept_encoding && !headers.contains("accept-encoding");
  auto begun = begin(method, target, automatic);
  if (!begun) co_return begun;
  for (const auto& [name, value] : headers) head_.fields.add(name, value);
  if (!body.content_type().empty() && !headers.contains("content-type")) {
    head_.fields.add("Content-Type", body.content_type());
  }
  auto reader = BodyReader::open(body, options_.block_size);
  if (!reader) co_return abandon(std::move(reader).error());
  auto framing = framing_for(body, *reader);
  if (!framing) co_return abandon(std::move(framing).error());
  auto started = co_await start(*framing);
  if (!started) co_return started;
  if (framing->has_body()) {
    if (head_.fields.has_token("expect", "100-continue")) {
      auto waited = co_await await_permission();
      if (!waited) co_return waited;
    }
    auto sent = co_await send_body(*reader);
    if (!sent) co_return sent;
  }
  co_return co_await finish({});
}

template <class Io>
auto Channel<Io>::send_body(BodyReader& reader) -> Task<Result<void>> {
  while (!stop_sending_) {
    auto piece = reader.next();
    if (!piece) co_return abandon(std::move(piece).error());
    if (piece->empty()) break;
    auto sent = co_await send(*piece);
    if (!sent) co_return sent;
    if (!answered_ && answered_early()) break;
  }
  co_return Result<void>{};
}

/// RFC 9110 section 10.1.1: the body waits for 100 (Continue), a final response, or patience.
template <class Io>
auto Channel<Io>::await_permission() -> Task<Result<void>> {
  auto written = co_await write();
  if (!written || stop_sending_) co_return written;
  arm(kPermissionWait);
  while (true) {
    auto event = wire_->http.next_event();
    if (!event || event->kind != EventKind::need_data) {
      const bool interim = event.has_value() && event->kind == EventKind::interim_response;
      if (interim && wire_->http.response().status != 100) continue;
      answered_ = !interim;
      stop_sending_ = answered_;
      if (!event) send_failure_ = std::move(event).error();
      break;
    }
    const std::error_code error = co_await read_wire();
    if (error) break;
  }
  io_.disarm(*wire_);
  co_return Result<void>{};
}

/// Writes `out_`, then `data` and what follows it. When the peer stops reading, sending stops
/// without a failure: it may have answered.
template <class Io>
auto Channel<Io>::write(std::string_view data, std::string_view after) -> Task<Result<void>> {
  std::array<std::string_view, 3> pieces = {out_, data, after};
  for (const std::string_view piece : pieces) {
    if (options_.trace && !piece.empty()) options_.trace({TraceEvent::Kind::sent, piece});
  }
  net::Stream& stream = wire_->stream;
  std::error_code error = net::Error::timed_out;
  if (!out_of_time()) error = stream.write_now(pieces);
  while (!error && !(pieces[0].empty() && pieces[1].empty() && pieces[2].empty())) {
    arm(options_.timeouts.send);
    error = co_await io_.wait_either(*wire_);
    io_.disarm(*wire_);
    if (error) break;
    if (!answered_ && answered_early()) break;
    error = stream.write_now(pieces);
  }
  out_.clear();
  if (!error) co_return Result<void>{};
  if (!net::is_disconnect(error)) co_return abandon(failure(error, Stage::send));
  stop_sending_ = true;
  send_failure_ = failure(error, Stage::send);
  co_return Result<void>{};
}

/// Looks, without waiting, whether the answer came before the request was over. True when it makes
/// the rest of the request useless (RFC 9112 section 9.5).
template <class Io>
bool Channel<Io>::answered_early() {
  const std::span<char> room = wire_->http.prepare(options_.block_size).first(options_.block_size);
  const net::IoResult got = wire_->stream.read_now(room);
  if (got.size == 0 && !got.error) return false;
  take(got, room);
  while (true) {
    auto event = wire_->http.next_event();
    if (event && event->kind == EventKind::interim_response) continue;
    if (event && event->kind == EventKind::need_data && !got.error) return false;
    answered_ = event.has_value() && event->kind == EventKind::response;
    stop_sending_ = !answered_ || wire_->http.response().status >= 400 || !wire_->http.keep_alive();
    if (!event) send_failure_ = std::move(event).error();
    return stop_sending_;
  }
}

// Receiving.

template <class Io>
void Channel<Io>::take(net::IoResult result, std::span<char> room) {
  if (options_.trace && result.size > 0) {
    options_.trace({TraceEvent::Kind::received, {room.data(), result.size}});
  }
  byte_seen_ = byte_seen_ || result.size > 0;
  wire_->http.commit(result.size);
  if (result.error == asio::error::eof) wire_->http.commit_eof();
}

template <class Io>
auto Channel<Io>::read_wire() -> Task<std::error_code> {
  if (out_of_time()) co_return net::Error::timed_out;
  const std::span<char> room = wire_->http.prepare(options_.block_size).first(options_.block_size);
  const net::IoResult got = co_await io_.read_some(*wire_, room);
  take(got, room);
  co_return got.error == asio::error::eof ? std::error_code{} : got.error;
}

template <class Io>
auto Channel<Io>::get_response() -> Task<Result<Response>> {
  if (phase_ != Phase::sent) {
    co_return Failure{
        Error::response_not_ready, Stage::wait, Blame::local,
        phase_ == Phase::idle ? "no request was sent" : "the request is not finished"};
  }
  auto received = co_await receive_head();
  if (!received && may_retry(received.error())) {
    note("the kept connection was closed: sending the request again");
    drop();
    phase_ = Phase::head;
    const auto by = total_by_;
    received = co_await start(framing_);
    total_by_ = by;
    if (received) received = co_await finish({});
    if (received) received = co_await receive_head();
  }
  if (!received) {
    Failure why = std::move(received).error();
    if (send_failure_ && !byte_seen_) why = *std::move(send_failure_);
    co_return abandon(std::move(why));
  }
  phase_ = Phase::idle;
  incoming_ = std::make_shared<Incoming>(Incoming{.channel = this,
                                                  .head = std::move(wire_->http.response()),
                                                  .framing = wire_->http.received_framing(),
                                                  .will_close = !wire_->http.keep_alive(),
                                                  .max_body = options_.max_body});
  if (wire_->http.their_state() == http::State::switched) {
    incoming_->ended = incoming_->will_close = true;
  }
  const std::shared_ptr<Incoming> incoming = incoming_;
  if (!incoming->framing.has_body()) look_ahead(*incoming);
  co_return Response(incoming);
}

/// http.client raises; RFC 9110 section 9.2.2 allows this much: a kept connection that ended before
/// a byte of the answer, an idempotent method, and nothing but a head to send again.
template <class Io>
bool Channel<Io>::may_retry(const Failure& failure) const {
  return wire_ && wire_->reused && !byte_seen_ && !framing_.has_body() && !out_of_time() &&
         http::is_idempotent(head_.method) &&
         (net::is_disconnect(failure.code) || failure.code == http::Error::connection_closed);
}

template <class Io>
auto Channel<Io>::receive_head() -> Task<Result<void>> {
  if (answered_) co_return Result<void>{};
  arm(options_.timeouts.head);
  while (true) {
    auto event = wire_->http.next_event();
    if (!event) co_return std::move(event).error();
    if (event->kind == EventKind::response) break;
    if (event->kind == EventKind::interim_response) continue;
    if (io_.expired(*wire_)) co_return failure(net::Error::timed_out, Stage::wait);
    const std::error_code error = co_await read_wire();
    if (error) co_return failure(error, Stage::wait);
  }
  io_.disarm(*wire_);
  co_return Result<void>{};
}

template <class Io>
auto Channel<Io>::fill(Incoming& incoming) -> Task<Result<void>> {
  if (incoming.failure) co_return *incoming.failure;
  incoming.started = true;
  while (incoming.pending.empty()) {
    look_ahead(incoming);
    if (incoming.failure) co_return *incoming.failure;
    if (!incoming.pending.empty() || incoming.ended) break;
    arm(options_.timeouts.body);
    const std::error_code error = co_await read_wire();
    io_.disarm(*wire_);
    if (!error) continue;
    // A peer that is gone has ended the message, well or badly: the framing decides.
    const Failure cause = failure(error, Stage::receive);
    incoming.failure = net::is_disconnect(error) ? body_failure(cause) : abandon(cause);
    if (incoming.channel != nullptr) drop();
  }
  co_return Result<void>{};
}

template <class Io>
void Channel<Io>::look_ahead(Incoming& incoming) {
  while (incoming.pending.empty() && !incoming.failure) {
    if (!incoming.encoded.empty()) {
      const std::string_view slice = incoming.encoded.substr(0, kDecodeSlice);
      incoming.encoded.remove_prefix(slice.size());
      incoming.decoded.clear();
      if (auto ok = incoming.decoder->push(slice); !ok) incoming.failure = std::move(ok).error();
      incoming.pending = incoming.decoded;
      continue;
    }
    if (incoming.ended || incoming.channel == nullptr) return;
    auto event = wire_->http.next_event();
    if (!event) {
      incoming.failure = abandon(body_failure(std::move(event).error()));
    } else if (event->kind == EventKind::data) {
      (incoming.decoder ? incoming.encoded : incoming.pending) = event->data;
    } else if (event->kind == EventKind::end_of_message) {
      complete(incoming);
    } else {
      return;
    }
  }
}

/// The message is whole: the connection serves the next one, or closes.
template <class Io>
void Channel<Io>::complete(Incoming& incoming) {
  incoming.ended = true;
  incoming.trailers = wire_->http.trailers();
  total_by_ = net::Clock::time_point::max();
  wire_->reused = true;
  if (!wire_->http.start_next_cycle()) drop();
  if (!incoming.decoder) return;
  incoming.decoded.clear();
  if (auto ok = incoming.decoder->finish(); !ok) incoming.failure = std::move(ok).error();
  incoming.pending = incoming.decoded;
}

/// A body that ended too early, in the same words whoever ended it.
template <class Io>
Failure Channel<Io>::body_failure(Failure failure) const {
  if (failure.code == http::Error::incomplete_body || !net::is_disconnect(failure.code)) {
    return failure;
  }
  std::string detail = std::to_string(wire_->http.received_body()) + " bytes arrived";
  if (const auto framing = wire_->http.received_framing();
      framing.kind == http::Framing::Kind::length) {
    detail += " of " + std::to_string(framing.length);
  }
  return {http::Error::incomplete_body, Stage::receive, Blame::remote,
          detail + ": " + failure.code.message()};
}

// Time, and failures.

/// Bounds the waits from here on: by the stage's time and what is left of the total.
template <class Io>
void Channel<Io>::arm(std::chrono::milliseconds time) {
  if (total_by_ != net::Clock::time_point::max()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(total_by_ - net::Clock::now());
    time = std::max(std::min(time, left), std::chrono::milliseconds{1});
  }
  io_.arm(*wire_, time);
}

template <class Io>
bool Channel<Io>::out_of_time() const {
  return total_by_ != net::Clock::time_point::max() && net::Clock::now() >= total_by_;
}

template <class Io>
Failure Channel<Io>::failure(std::error_code code, Stage stage) const {
  std::string detail = tunneled_.to_string();
  const bool late = wire_ && io_.expired(*wire_);
  if (late || out_of_time() || code == net::Error::timed_out) {
    code = net::Error::timed_out;
    if (out_of_time()) {
      detail += ", after " + std::to_string(options_.timeouts.total.count()) + " ms in all";
    }
  }
  if (wire_) {
    if (const std::string why = wire_->stream.why(); !why.empty()) detail += ": " + why;
  }
  return {code, stage, Blame::remote, std::move(detail)};
}

/// The exchange is over: the next request starts afresh.
template <class Io>
Failure Channel<Io>::abandon(Failure failure) {
  drop();
  phase_ = Phase::idle;
  return failure;
}

template <class Io>
void Channel<Io>::note(std::string_view text) const {
  if (options_.trace) options_.trace({TraceEvent::Kind::note, text});
}

template class Channel<AsyncIo>;
template class Channel<BlockingIo>;

}  // namespace tapedeck::client
