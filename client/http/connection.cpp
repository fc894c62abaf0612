#include "client/http/connection.hpp"

#include <utility>

#include "client/http/error.hpp"
#include "client/http/serializer.hpp"

namespace tapedeck::http {
namespace {

Failure misuse(Error error, std::string detail = {}) {
  return Failure{error, Stage::send, Blame::local, std::move(detail)};
}

constexpr std::string_view kEmptyLine = "\r\n";

/// RFC 9110 sections 7.8 and 9.3.6.
bool switches(std::string_view request_method, int status) noexcept {
  if (request_method == "CONNECT") return status >= 200 && status < 300;
  return status == 101;
}

bool offers_switch(const RequestHead& head) {
  // RFC 9110 section 7.8: a server ignores Upgrade in an HTTP/1.0 request.
  return head.method == "CONNECT" || (head.version >= kHttp11 && head.fields.contains("upgrade"));
}

}  // namespace

Connection::Connection(Role role, const Limits& limits)
    : role_(role),
      limits_(limits),
      parser_(role == Role::server ? HeadParser::Kind::request : HeadParser::Kind::response,
              limits) {}

Result<Connection::Event> Connection::next_event() {
  switch (their_state()) {
    case State::idle:
    case State::send_response:
      return next_head();
    case State::send_body:
      return next_body();
    case State::done:
    case State::might_switch:
    case State::must_close:
    case State::switched:
    case State::closed:
      return at_rest();
    case State::error:
      return Failure{Error::not_allowed_now, Stage::request, Blame::local,
                     "nothing is read after an error"};
  }
  return Event{};
}

Result<Connection::Event> Connection::fail(Failure failure) {
  state_.fail(peer());
  return failure;
}

Result<Connection::Event> Connection::next_head() {
  const Stage stage = role_ == Role::server ? Stage::request : Stage::wait;
  if (role_ == Role::client && their_state() == State::idle) {
    if (!buffer_.empty()) {
      return fail({Error::unexpected_data, stage, Blame::remote, "no request was outstanding"});
    }
    return at_rest();
  }
  if (interim_reported_) {
    parser_.reset();
    interim_reported_ = false;
  }
  if (buffer_.empty() && !eof_) return Event{};
  auto progress = parser_.parse(buffer_.view());
  if (!progress) return fail(std::move(progress).error());
  if (*progress == HeadParser::Progress::done) {
    buffer_.consume(parser_.size());
    return role_ == Role::server ? next_request() : next_response();
  }
  if (!eof_) return Event{};
  if (role_ == Role::server && !parser_.started()) {
    // Nothing but empty lines may stand before the end.
    if (buffer_.view().find_first_not_of(kEmptyLine) == std::string_view::npos) {
      buffer_.consume(buffer_.view().size());
      state_.advance(peer(), Message::closed);
      return Event{.kind = EventKind::closed};
    }
  }
  // Not after an interim response: connection_closed tells a caller that no byte came back.
  if (buffer_.empty() && interim_responses_ == 0) {
    return fail({Error::connection_closed, stage, Blame::remote, {}});
  }
  return fail({Error::incomplete_head, stage, Blame::remote,
               std::to_string(buffer_.view().size()) + " bytes of it arrived"});
}

Result<Connection::Event> Connection::next_request() {
  auto framing = request_framing(parser_.request());
  if (!framing) return fail(std::move(framing).error());
  received_framing_ = *framing;
  request_method_ = parser_.request().method;
  http10_client_ = parser_.request().version < kHttp11;
  if (offers_switch(parser_.request())) state_.offer_switch();
  state_.advance(Role::client, Message::request);
  // RFC 9112 section 9.3: "A proxy server MUST NOT maintain a persistent connection with an
  // HTTP/1.0 client". A server that reads requests here is one.
  if (http10_client_ || !keeps_alive(parser_.request().version, parser_.request().fields)) {
    state_.disable_keep_alive();
  }
  decoder_ = BodyDecoder(received_framing_, Strictness::strict, limits_);
  return Event{.kind = EventKind::request};
}

Result<Connection::Event> Connection::next_response() {
  const ResponseHead& head = parser_.response();
  auto framing = response_framing(head, request_method_);
  if (!framing) return fail(std::move(framing).error());
  received_framing_ = *framing;
  if (head.interim()) {
    if (++interim_responses_ > limits_.max_interim_responses) {
      return fail({Error::too_many_interim_responses, Stage::wait, Blame::remote,
                   "more than " + std::to_string(limits_.max_interim_responses)});
    }
    state_.advance(Role::server, Message::interim_response);
    interim_reported_ = true;
    return Event{.kind = EventKind::interim_response};
  }
  if (head.status == 101 || switches(request_method_, head.status)) {
    if (head.status == 101 && request_method_ == "CONNECT") {
      return fail({Error::unexpected_upgrade, Stage::wait, Blame::remote, "101 to CONNECT"});
    }
    if (!state_.advance(Role::server, Message::switch_response)) {
      return fail({Error::unexpected_upgrade, Stage::wait, Blame::remote, {}});
    }
    return Event{.kind = EventKind::response};
  }
  state_.advance(Role::server, Message::response);
  if (received_framing_.kind == Framing::Kind::until_close ||
      !keeps_alive(head.version, head.fields)) {
    state_.disable_keep_alive();
  }
  decoder_ = BodyDecoder(received_framing_, Strictness::lenient, limits_);
  return Event{.kind = EventKind::response};
}

Result<Connection::Event> Connection::next_body() {
  while (true) {
    auto step = decoder_.decode(buffer_.view());
    if (!step) return fail(std::move(step).error());
    buffer_.consume(step->consumed);
    if (!step->data.empty()) return Event{.kind = EventKind::data, .data = step->data};
    if (step->done) break;
    if (step->consumed > 0) continue;
    if (!eof_) return Event{};
    if (auto ok = decoder_.eof(); !ok) return fail(std::move(ok).error());
  }
  state_.advance(peer(), Message::end);
  return Event{.kind = EventKind::end_of_message};
}

/// Between messages: nothing is parsed until start_next_cycle().
Result<Connection::Event> Connection::at_rest() {
  if (!buffer_.empty()) return Event{.kind = EventKind::paused};
  if (!eof_) return Event{};
  // A client that half-closed may still be switched: its answer is under way.
  if (their_state() != State::might_switch) state_.advance(peer(), Message::closed);
  return Event{.kind = EventKind::closed};
}

Result<void> Connection::send_request(const RequestHead& head, Framing framing, std::string& out) {
  if (role_ != Role::client || our_state() != State::idle) return misuse(Error::not_allowed_now);
  // RFC 9112 section 9.2: what was received while idle is no response, least of all to this.
  if (!buffer_.empty()) {
    return Failure{Error::unexpected_data, Stage::send, Blame::remote,
                   "no request was outstanding"};
  }
  if (auto ok = append_request_head(head, framing, out); !ok) return ok;
  if (offers_switch(head)) state_.offer_switch();
  state_.advance(role_, Message::request);
  if (!keeps_alive(head.version, head.fields)) state_.disable_keep_alive();
  request_method_ = head.method;
  sent_framing_ = framing;
  unsent_ = framing.length;
  interim_responses_ = 0;
  return {};
}

Result<void> Connection::send_response(const ResponseHead& head, Framing framing,
                                       std::string& out) {
  const Message message = head.interim()                           ? Message::interim_response
                          : switches(request_method_, head.status) ? Message::switch_response
                                                                   : Message::response;
  StateMachine next = state_;
  if (role_ != Role::server || !next.advance(role_, message)) {
    return misuse(Error::not_allowed_now, std::string(to_string(our_state())));
  }
  if (head.status == 101 && message != Message::switch_response) {
    return misuse(Error::not_allowed_now, "101 to CONNECT");
  }
  // RFC 9110 section 15.2: "a server MUST NOT send a 1xx response to an HTTP/1.0 client".
  std::string unsent_interim;
  const bool leave_out = message == Message::interim_response && http10_client_;
  std::string& destination = leave_out ? unsent_interim : out;

  if (framing.kind == Framing::Kind::chunked && http10_client_) framing = Framing::until_close();
  const bool no_body = message != Message::response || head.status == 204 || head.status == 304 ||
                       request_method_ == "HEAD";
  if (framing.kind == Framing::Kind::none && !no_body) framing = Framing::of_length(0);
  if (message == Message::switch_response && head.fields.contains("content-length")) {
    // RFC 9110 section 9.3.6: no framing fields in a 2xx response to CONNECT.
    ResponseHead bare = head;
    bare.fields.remove("content-length");
    if (auto ok = append_response_head(bare, Framing::none(), destination); !ok) return ok;
  } else {
    if (message != Message::response) framing = Framing::none();
    if (auto ok = append_response_head(head, framing, destination); !ok) return ok;
  }
  state_ = next;
  if (message != Message::response) return {};
  if (no_body) framing = Framing::none();
  if (framing.kind == Framing::Kind::until_close || !keeps_alive(head.version, head.fields)) {
    state_.disable_keep_alive();
  }
  sent_framing_ = framing;
  unsent_ = framing.length;
  return {};
}

Result<Connection::DataFrame> Connection::send_data(std::size_t size) {
  if (our_state() != State::send_body) return misuse(Error::not_allowed_now);
  switch (sent_framing_.kind) {
    case Framing::Kind::none:
      return misuse(Error::body_longer_than_declared, "no body was due");
    case Framing::Kind::until_close:
      return DataFrame{};
    case Framing::Kind::length:
      if (size > unsent_) {
        return misuse(Error::body_longer_than_declared,
                      "Content-Length was " + std::to_string(sent_framing_.length));
      }
      unsent_ -= size;
      return DataFrame{};
    case Framing::Kind::chunked:
      if (size == 0) return DataFrame{};  // an empty chunk would end the body
      chunk_line_.clear();
      append_chunk_line(size, chunk_line_);
      return DataFrame{chunk_line_, "\r\n"};
  }
  return DataFrame{};
}

Result<void> Connection::send_end(const Fields& trailers, std::string& out) {
  if (our_state() != State::send_body) return misuse(Error::not_allowed_now);
  if (sent_framing_.kind == Framing::Kind::length && unsent_ > 0) {
    return misuse(Error::body_shorter_than_declared, std::to_string(unsent_) + " bytes missing");
  }
  if (sent_framing_.kind == Framing::Kind::chunked) {
    if (auto ok = append_last_chunk(trailers, out); !ok) return ok;
  }
  state_.advance(role_, Message::end);
  return {};
}

bool Connection::start_next_cycle() {
  // RFC 9112 section 6.3: bytes after a response must never become the next one.
  if (role_ == Role::client && (!buffer_.empty() || eof_)) return false;
  if (!state_.start_next_cycle()) return false;
  parser_.reset();
  decoder_ = {};
  received_framing_ = sent_framing_ = {};
  request_method_.clear();
  interim_responses_ = 0;
  interim_reported_ = http10_client_ = false;
  return true;
}

bool Connection::head_started() const noexcept {
  if (parser_.started() || role_ == Role::client) return parser_.started() || has_leftover();
  return buffer_.view().find_first_not_of(kEmptyLine) != std::string_view::npos;
}

std::string Connection::take_leftover() {
  std::string leftover(buffer_.view());
  buffer_.consume(leftover.size());
  return leftover;
}

}  // namespace tapedeck::http
