#include "daemon/forward/forwarder.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>

#include "client/error.hpp"
#include "client/http/error.hpp"
#include "client/http/hop_by_hop.hpp"
#include "client/net/error.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/forward/relay.hpp"
#include "daemon/forward/rewrite.hpp"
#include "daemon/forward/upstream.hpp"
#include "daemon/route/gateway.hpp"

namespace tapedeck {
namespace {

using EventKind = http::Connection::EventKind;

/// The first read of a message: a head and a small body. What fills it is followed by large reads.
constexpr std::size_t kFirstRead = 4 * 1024;
constexpr std::size_t kBodyRead = 64 * 1024;
/// Pieces up to this size are gathered into one write with the head and the end of the message.
constexpr std::size_t kGather = 8 * 1024;

std::int64_t microseconds_between(net::Clock::time_point from, net::Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

}  // namespace

Forwarder::Forwarder(Session& session, Exchange& exchange, Route route)
    : session_(session),
      exchange_(exchange),
      route_(std::move(route)),
      request_framing_(session.http.received_framing()),
      whole_(session.worker.watchdog, [this] { cancel(); }) {}

net::Awaitable<void> Forwarder::run() {
  session_.on_cut([this] { cancel(); });
  const auto limit = session_.settings->options.limits.exchange_timeout;
  if (limit.count() > 0) whole_.arm(limit);
  if (!request_framing_.has_body()) {
    session_.inbound.when_gone([this] { cancel(); });
    session_.inbound.start(Inbound::kHeadRead);
  }

  auto result = co_await exchange_.commit_request();
  if (result) result = co_await exchange_messages();
  co_await settle_upload(result.has_value());
  session_.inbound.when_gone(nullptr);
  session_.on_cut(nullptr);

  if (!result) {
    Failure why = upload_failure_ ? *std::move(upload_failure_) : std::move(result).error();
    co_await exchange_.fail(std::move(why));
  } else if (upstream_->stream.is_open() && !route_.dial_to) {
    session_.worker.pool.put(route_.url.origin(), std::move(upstream_));
  }
}

void Forwarder::set_read_ahead(std::string body, bool whole) {
  read_ahead_ = std::move(body);
  body_was_read_ = whole;
}

void Forwarder::cancel() {
  canceled_ = true;
  if (upstream_) upstream_->stream.cancel();
}

net::Awaitable<Result<void>> Forwarder::exchange_messages() {
  auto received = co_await send_request(false);
  if (received) received = co_await receive_head();
  if (!received && may_retry(received.error())) {
    received = co_await send_request(true);
    if (received) received = co_await receive_head();
  }
  if (!received) co_return received;
  if (auto begun = co_await begin_response(); !begun) co_return begun;
  if (upstream_->http.our_state() == http::State::switched) co_return co_await relay_switched();
  co_return co_await relay_body();
}

/// RFC 9110 section 9.2.2: only on a reused connection that ended before any byte of a response,
/// only for an idempotent method, and here only without a body to send again. Never twice.
bool Forwarder::may_retry(const Failure& failure) const {
  return upstream_ && upstream_->reused && !response_byte_seen_ && !canceled_ &&
         !request_framing_.has_body() && http::is_idempotent(exchange_.head.method) &&
         (net::is_disconnect(failure.code) || failure.code == http::Error::connection_closed);
}

net::Awaitable<Result<void>> Forwarder::send_request(bool fresh) {
  upstream_.reset();
  auto connected = co_await connect_upstream(session_, route_, exchange_.row(), fresh);
  if (!connected) co_return std::move(connected).error();
  upstream_ = *std::move(connected);
  if (canceled_) co_return failure(net::Error::canceled, Stage::connect);

  auto hops = max_forwards(exchange_.head);
  if (hops) --*hops;
  http::RequestHead head =
      upstream_request(exchange_.head, route_, session_.worker.services.pseudonym, hops);
  if (const client::Proxy* const proxy = plain_proxy(*session_.settings, route_.url)) {
    proxy->address(head, route_.url.origin());
  }
  std::string bytes;
  bytes.reserve(512);
  if (auto ok = upstream_->http.send_request(head, request_framing_, bytes); !ok) co_return ok;
  const auto started = net::Clock::now();
  std::string_view rest = bytes;
  std::error_code error = upstream_->stream.write_now(rest);
  if (!error && !rest.empty()) error = co_await write_upstream({rest, {}, {}});
  if (error) co_return failure(error, Stage::send);
  sent_at_ = net::Clock::now();
  exchange_.row().timings.send_us = microseconds_between(started, sent_at_);

  if (!request_framing_.has_body()) {
    bytes.clear();
    if (auto ok = upstream_->http.send_end({}, bytes); !ok) co_return ok;
    upstream_->deadline.arm(session_.settings->options.limits.first_byte_timeout);
  } else {
    upload_started_ = true;
    asio::co_spawn(session_.stream.executor(), upload(), asio::detached);
  }
  co_return Result<void>{};
}

net::Awaitable<Result<void>> Forwarder::receive_head() {
  while (true) {
    auto event = upstream_->http.next_event();
    if (!event) co_return std::move(event).error();
    if (event->kind == EventKind::response) break;
    if (event->kind == EventKind::interim_response) {
      if (auto ok = co_await forward_interim(); !ok) co_return ok;
      continue;
    }
    if (const std::error_code error = co_await read_upstream(kFirstRead); error) {
      co_return failure(error, Stage::wait);
    }
    response_byte_seen_ = response_byte_seen_ || upstream_->http.has_leftover();
  }
  upstream_->deadline.disarm();
  // What another proxy asks of us is not for our client to answer (RFC 9110 section 11.7.1).
  if (upstream_->http.response().status == 407 &&
      plain_proxy(*session_.settings, route_.url) != nullptr) {
    upstream_->stream.close();
    co_return Failure{client::Error::tunnel_refused, Stage::wait, Blame::remote,
                      upstream_->address + " wants other credentials than upstream_proxy gives"};
  }
  head_at_ = net::Clock::now();
  exchange_.row().timings.wait_us = microseconds_between(sent_at_, head_at_);
  co_return Result<void>{};
}

/// RFC 9110 section 15.2: forwarded as it comes, but never to an HTTP/1.0 client.
net::Awaitable<Result<void>> Forwarder::forward_interim() {
  if (exchange_.head.version < http::kHttp11) co_return Result<void>{};
  const http::ResponseHead head =
      downstream_response(upstream_->http.response(), session_.worker.services.pseudonym, false);
  if (auto ok = session_.http.send_response(head, http::Framing::none(), session_.out); !ok) {
    co_return ok;
  }
  co_return co_await session_.flush();
}

net::Awaitable<Result<void>> Forwarder::begin_response() {
  http::ResponseHead& received = upstream_->http.response();
  if (session_.worker.stopping()) session_.http.disable_keep_alive();
  // A server that answers and closes while the body is still coming will not read the rest.
  if (upload_running() && !upstream_->http.keep_alive()) session_.http.disable_keep_alive();
  const http::Framing framing =
      downstream_framing(upstream_->http.received_framing(), exchange_.head.version);
  if (framing.kind == http::Framing::Kind::until_close) session_.http.disable_keep_alive();
  http::ResponseHead head = downstream_response(received, session_.worker.services.pseudonym,
                                                !session_.http.keep_alive());
  if (!route_.gateway.empty()) stay_at_gateway(head.fields, route_);
  if (auto ok = session_.http.send_response(head, framing, session_.out); !ok) co_return ok;

  storage::Exchange& row = exchange_.row();
  row.status = received.status;
  row.reason = std::move(received.reason);
  row.response_version = http::to_string(received.version);
  row.response_headers = std::move(received.fields);
  co_return Result<void>{};
}

net::Awaitable<Result<void>> Forwarder::relay_body() {
  std::size_t read_size = kFirstRead;
  while (true) {
    auto event = upstream_->http.next_event();
    if (!event) {
      if (auto ok = co_await session_.flush(); !ok) co_return ok;
      co_return std::move(event).error();
    }
    if (event->kind == EventKind::end_of_message) co_return co_await end_response();
    if (event->kind == EventKind::data) {
      if (event->data.size() >= read_size / 2) read_size = kBodyRead;
      if (auto ok = co_await relay(event->data); !ok) co_return ok;
      continue;
    }
    if (auto ok = co_await session_.flush(); !ok) co_return ok;
    co_await session_.worker.uncongested();
    upstream_->deadline.arm(session_.settings->options.limits.body_idle_timeout);
    if (const std::error_code error = co_await read_upstream(read_size); error) {
      co_return failure(error, Stage::receive);
    }
    exchange_.recording.response_arrived(microseconds_between(head_at_, net::Clock::now()));
  }
}

/// After 101 (RFC 9110 section 7.8) the bytes are another protocol's: relayed and counted.
net::Awaitable<Result<void>> Forwarder::relay_switched() {
  upstream_->deadline.disarm();
  whole_.disarm();
  session_.inbound.when_gone(nullptr);
  co_await session_.inbound.stop();
  storage::Exchange& row = exchange_.row();
  // What either side said right behind its head belongs to the other already.
  const std::string down = upstream_->http.take_leftover();
  const std::string up = session_.http.take_leftover();
  row.request_size = static_cast<std::int64_t>(up.size());
  row.response_size = static_cast<std::int64_t>(down.size());
  session_.out += down;
  if (auto ok = co_await session_.flush(); !ok) co_return ok;
  if (const std::error_code error = co_await upstream_->stream.write(up); error) {
    co_return failure(error, Stage::relay);
  }
  Relay relay(session_.stream, upstream_->stream, row.request_size, row.response_size);
  co_await relay.run();
  co_await exchange_.finish_relay(canceled_);
  session_.stream.close();
  upstream_->stream.close();
  co_return Result<void>{};
}

net::Awaitable<Result<void>> Forwarder::relay(std::string_view data) {
  if (session_.strain.any()) {
    return send_strained(session_, data, *this, &Forwarder::relay_piece);
  }
  return relay_piece(data);
}

net::Awaitable<Result<void>> Forwarder::relay_piece(std::string_view data) {
  exchange_.recording.response_body(data);
  auto frame = session_.http.send_data(data.size());
  if (!frame) co_return std::move(frame).error();
  // In strict mode the last byte is handed over only after the commit: the newest piece, which may
  // hold it, waits for the next one or for the end.
  const bool strict = session_.worker.services.strict;
  if (strict && session_.out.size() + data.size() > kBodyRead) {
    const std::string before(frame->before);
    const std::string after(frame->after);
    if (auto ok = co_await session_.flush(); !ok) co_return ok;
    session_.out.append(before).append(data).append(after);
    co_return Result<void>{};
  }
  session_.out += frame->before;
  if (strict || data.size() <= kGather) {
    session_.out.append(data).append(frame->after);
    if (strict || session_.out.size() <= kBodyRead) co_return Result<void>{};
    co_return co_await session_.flush();
  }
  std::array<std::string_view, 3> pieces = {session_.out, data, frame->after};
  std::error_code error = session_.stream.write_now(pieces);
  if (!error && (!pieces[0].empty() || !pieces[1].empty() || !pieces[2].empty())) {
    session_.write_deadline.arm(session_.settings->options.limits.body_idle_timeout);
    error = co_await session_.stream.write(pieces);
    session_.write_deadline.disarm();
  }
  session_.out.clear();
  if (error) co_return Failure{error, Stage::respond, Blame::remote, "the client went away"};
  co_return Result<void>{};
}

net::Awaitable<Result<void>> Forwarder::end_response() {
  upstream_->deadline.disarm();
  storage::Exchange& row = exchange_.row();
  row.timings.receive_us = microseconds_between(head_at_, net::Clock::now());
  http::Fields trailers = upstream_->http.trailers();
  if (!trailers.empty()) {
    row.response_trailers = trailers;
    http::remove_forbidden_trailers(trailers);
  }
  if (auto ok = session_.http.send_end(trailers, session_.out); !ok) co_return ok;
  // The row needs the whole request too: an upload that goes on is awaited before it is written.
  if (upload_running()) {
    std::string held;
    if (session_.worker.services.strict && !session_.out.empty()) {
      held = session_.out.back();
      session_.out.pop_back();
    }
    if (auto ok = co_await session_.flush(); !ok) co_return ok;
    session_.out = std::move(held);
    co_await settle_upload(true);
    if (upload_failure_) co_return *upload_failure_;
  }
  if (request_framing_.has_body() && !upload_sent_) {
    // Answered all the same; but who reads the row must not take the body for the whole one.
    row.error_stage = to_string(Stage::send);
    row.error_code = "http_request_error";
    row.error_detail = "the server answered without reading the whole request body";
  }
  if (session_.worker.services.strict) {
    const bool committed = co_await exchange_.finish(storage::State::complete);
    if (!committed) {
      co_return Failure{std::make_error_code(std::errc::io_error), Stage::record, Blame::local,
                        "the exchange could not be written to the log"};
    }
    co_return co_await session_.flush();
  }
  if (auto ok = co_await session_.flush(); !ok) co_return ok;
  co_await exchange_.finish(storage::State::complete);
  co_return Result<void>{};
}

net::Awaitable<std::error_code> Forwarder::read_upstream(std::size_t size) {
  if (canceled_) co_return make_error_code(net::Error::canceled);
  const net::IoResult result = co_await upstream_->stream.read_some(upstream_->http.prepare(size));
  upstream_->http.commit(result.size);
  if (result.error != asio::error::eof) co_return result.error;
  upstream_->http.commit_eof();
  co_return std::error_code{};
}

/// An I/O error as what it means here: canceled for a deadline, for a client that left, or because
/// the proxy stops.
Failure Forwarder::failure(std::error_code code, Stage stage) const {
  std::string where = upstream_ ? upstream_->address : std::string{};
  if (const std::string why = upstream_ ? upstream_->stream.why() : std::string{}; !why.empty()) {
    where += ": " + why;
  }
  if (upload_failure_) return *upload_failure_;
  if (whole_.expired()) {
    return {net::Error::timed_out, stage, Blame::remote, where + ": exchange_timeout"};
  }
  if (canceled_) return {net::Error::canceled, stage, Blame::local, where};
  if (upstream_ && upstream_->deadline.expired()) {
    // While the request is still going out, only its writes are timed: the server stopped reading.
    const bool sending = stage == Stage::wait && upload_started_ && !upload_sent_;
    return {net::Error::timed_out, sending ? Stage::send : stage, Blame::remote, where};
  }
  return {code, stage, Blame::remote, where};
}

net::Awaitable<std::error_code> Forwarder::write_upstream(std::array<std::string_view, 3> pieces) {
  upstream_->deadline.arm(session_.settings->options.limits.body_idle_timeout);
  const std::error_code error = co_await upstream_->stream.write(pieces);
  upstream_->deadline.disarm();
  co_return error;
}

net::Awaitable<void> Forwarder::upload() {
  auto result = co_await upload_body();
  session_.deadline.disarm();
  upload_sent_ = result.has_value();
  if (!result && result.error().stage == Stage::request && !upload_abandoned_) {
    upload_failure_ = std::move(result).error();
    cancel();
  } else if (result && !upload_abandoned_) {
    upstream_->deadline.arm(session_.settings->options.limits.first_byte_timeout);
    session_.inbound.when_gone([this] { cancel(); });
    session_.inbound.start(Inbound::kHeadRead);
  }
  upload_done_.deliver(true);
}

/// Fails with Stage::request when it is the client's fault, with Stage::send when upstream stopped
/// reading.
net::Awaitable<Result<void>> Forwarder::upload_body() {
  const config::Limits& limits = session_.settings->options.limits;
  const auto started = net::Clock::now();
  std::size_t read_size = kFirstRead;
  if (!read_ahead_.empty()) {
    if (auto ok = co_await upload_piece(read_ahead_); !ok) co_return ok;
  }
  while (!body_was_read_) {
    auto event = session_.http.next_event();
    if (!event) {
      Failure failure = std::move(event).error();
      failure.stage = Stage::request;
      co_return failure;
    }
    if (event->kind == EventKind::data) {
      if (event->data.size() >= read_size / 2) read_size = kBodyRead;
      exchange_.recording.request_body(event->data);
      if (auto ok = co_await upload_piece(event->data); !ok) co_return ok;
    } else if (event->kind == EventKind::end_of_message) {
      break;
    } else {
      co_await session_.worker.uncongested();
      session_.deadline.arm(limits.body_idle_timeout);
      const std::error_code error = co_await session_.inbound.arrived(read_size);
      session_.deadline.disarm();
      if (error && canceled_) co_return failure(error, Stage::request);
      if (error) {
        co_return Failure{session_.deadline.expired() ? net::Error::timed_out : error,
                          Stage::request, Blame::remote, "while reading the request body"};
      }
    }
  }
  http::Fields trailers = session_.http.trailers();
  if (!trailers.empty()) {
    exchange_.row().request_trailers = trailers;
    http::remove_forbidden_trailers(trailers);
  }
  std::string end;
  if (auto ok = upstream_->http.send_end(trailers, end); !ok) co_return ok;
  if (!end.empty()) {
    const std::error_code error = co_await write_upstream({end, {}, {}});
    if (error) co_return failure(error, Stage::send);
  }
  sent_at_ = net::Clock::now();
  exchange_.row().timings.send_us = microseconds_between(started, sent_at_);
  co_return Result<void>{};
}

net::Awaitable<Result<void>> Forwarder::upload_piece(std::string_view data) {
  auto frame = upstream_->http.send_data(data.size());
  if (!frame) co_return std::move(frame).error();
  const std::error_code error = co_await write_upstream({frame->before, data, frame->after});
  if (error) co_return failure(error, Stage::send);
  co_return Result<void>{};
}

/// Waits for the upload to end. One that nobody will read any more is ended: after a failure, or
/// when upstream answered and closes.
net::Awaitable<void> Forwarder::settle_upload(bool succeeded) {
  if (!upload_started_) co_return;
  if (upload_running() && (!succeeded || !upstream_->http.keep_alive())) {
    upload_abandoned_ = true;
    upstream_->stream.close();
    session_.stream.cancel();
  }
  co_await upload_done_.take();
  upload_started_ = false;
}

}  // namespace tapedeck
