#include "daemon/replay/replayer.hpp"

#include "client/content_decoder.hpp"
#include "client/http/grammar.hpp"
#include "client/net/error.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/forward/forwarder.hpp"
#include "daemon/forward/rewrite.hpp"
#include "daemon/replay/error.hpp"
#include "daemon/replay/pace.hpp"
#include "daemon/replay/shelf.hpp"
#include "daemon/replay/tape.hpp"
#include "daemon/route/gateway.hpp"

namespace tapedeck {
namespace {

using EventKind = http::Connection::EventKind;

constexpr std::size_t kBodyRead = std::size_t{64} * 1024;
/// Of a body that may have to be sent on: what is held never outgrows what MatchBody holds.
constexpr std::size_t kReadAhead = storage::MatchBody::kHeld - 4 * kBodyRead;
/// What is gathered before it is written.
constexpr std::size_t kGather = std::size_t{64} * 1024;

/// RFC 9110 section 12.5.3. A request without the field accepts any coding.
bool accepts(const http::Fields& request, std::string_view coding) {
  const auto accepted = request.joined("Accept-Encoding");
  if (!accepted) return true;
  bool all = true;
  http::for_each_element(coding, [&](std::string_view one) {
    bool found = http::iequals(one, "identity");
    http::for_each_element(*accepted, [&](std::string_view element) {
      const std::string_view name = element.substr(0, element.find_first_of("; \t"));
      const bool refused =
          element.find("q=0") != std::string_view::npos &&
          element.find_first_of("123456789", element.find("q=0") + 3) == std::string_view::npos;
      found = found || ((http::iequals(name, one) || name == "*") && !refused);
    });
    all = all && found;
  });
  return all;
}

Failure left_while_paced() {
  return {net::Error::canceled, Stage::respond, Blame::remote, "while the answer was paced"};
}

}  // namespace

Replayer::Replayer(Session& session, Exchange& exchange, Route route)
    : session_(session), exchange_(exchange), route_(std::move(route)) {
  const http::Url& url = route_.url;
  request_.method = exchange.head.method;
  request_.scheme = url.scheme;
  request_.host = http::to_lower(url.authority.host);
  request_.port = url.port();
  request_.path = url.path;
  request_.query = url.query;
  asked_session_ = exchange.head.fields.get(kSessionField).value_or(route_.session);
  if (asked_session_.empty()) {
    asked_session_ = session.worker.services.session_of(session.stream.local_endpoint());
  }
  exchange_.head.fields.remove(kSessionField);
  request_.headers = exchange_.head.fields;
}

net::Awaitable<void> Replayer::run() {
  auto read = co_await read_body();
  Result<bool> answered = false;
  if (read) {
    answered = co_await answer();
  } else {
    answered = std::move(read).error();
  }
  if (!answered) {
    Failure failure = std::move(answered).error();
    co_await exchange_.fail(std::move(failure));
  } else if (!*answered) {
    co_await forward();
  }
}

/// All of it; in `auto`, as much as can be held to be sent on.
net::Awaitable<Result<void>> Replayer::read_body() {
  http::Connection& http = session_.http;
  body_ended_ = !http.received_framing().has_body();
  if (body_ended_) co_return Result<void>{};
  if (auto ok = co_await expect_body(); !ok) co_return ok;
  const bool offline = session_.worker.services.offline;
  while (offline || body_.size() < kReadAhead) {
    auto event = http.next_event();
    if (!event) {
      Failure failure = std::move(event).error();
      failure.stage = Stage::request;
      co_return failure;
    }
    if (event->kind == EventKind::data) {
      exchange_.recording.request_body(event->data);
      body_.append(event->data);
    } else if (event->kind == EventKind::end_of_message) {
      body_ended_ = true;
      exchange_.row().request_trailers = http.trailers();
      break;
    } else {
      co_await session_.worker.uncongested();
      session_.deadline.arm(session_.settings->options.limits.body_idle_timeout);
      const std::error_code error = co_await session_.inbound.arrived(kBodyRead);
      session_.deadline.disarm();
      if (error) {
        co_return Failure{session_.deadline.expired() ? net::Error::timed_out : error,
                          Stage::request, Blame::remote, "while reading the request body"};
      }
    }
  }
  co_return Result<void>{};
}

/// RFC 9110 section 10.1.1: nobody upstream will say that it may come.
net::Awaitable<Result<void>> Replayer::expect_body() {
  const auto expect = exchange_.head.fields.get("Expect");
  if (!expect || !http::iequals(*expect, "100-continue")) co_return Result<void>{};
  exchange_.head.fields.remove("Expect");
  http::ResponseHead head;
  head.status = 100;
  head.reason = "Continue";
  if (auto ok = session_.http.send_response(head, http::Framing::none(), session_.out); !ok) {
    co_return ok;
  }
  co_return co_await session_.flush();
}

/// False when nothing recorded answers it and it may be asked of the server.
net::Awaitable<Result<bool>> Replayer::answer() {
  if (!body_ended_) co_return false;
  std::optional<Failure> failed;
  try {
    auto id = find();
    if (id && !*id) co_return false;
    exchange_.row().mode = storage::Mode::replay;
    if (!id) co_return std::move(id).error();
    auto served = co_await serve(**id);
    if (!served) co_return std::move(served).error();
  } catch (const storage::SqliteError& error) {
    failed = Failure{error.code(), Stage::record, Blame::local, error.sentence()};
  }
  if (failed) co_return *std::move(failed);
  co_return true;
}

/// The exchange that answers, or none where the server may be asked instead.
Result<std::optional<std::int64_t>> Replayer::find() {
  Services& services = session_.worker.services;
  Shelf& shelf = session_.worker.shelf();
  const storage::Parts parts = request_.parts(body_, services.tape->rules());
  auto taken = services.tape->take(asked_session_, request_, parts);
  if (!taken || *taken || !services.offline) return taken;
  const storage::Redaction* const redaction =
      services.recorder == nullptr ? nullptr : services.recorder->redaction();
  storage::Parts told = parts;
  if (redaction != nullptr) redaction->redact(told, request_.host, request_.path);
  const std::string why = services.tape->explain(shelf.log, asked_session_, request_, told);
  const std::string asked =
      exchange_.recording.without_secrets(request_.method + " " + route_.url.to_string());
  services.tape->note_miss(asked, why);
  return Failure{ReplayError::not_recorded, Stage::replay, Blame::remote, asked + ": " + why};
}

net::Awaitable<Result<void>> Replayer::serve(std::int64_t id) {
  const auto recorded = session_.worker.shelf().response(id);
  const std::string which = "exchange " + std::to_string(id);
  if (recorded == nullptr) {
    co_return Failure{ReplayError::incomplete, Stage::replay, Blame::local, which + " is gone"};
  }
  if (recorded->missing) {
    co_return Failure{ReplayError::incomplete, Stage::replay, Blame::local, which};
  }
  http::ResponseHead head;
  head.status = recorded->status;
  head.reason = recorded->reason;
  head.fields = recorded->headers;
  if (!recorded->redacted.empty()) {
    // Whoever reads it must not take a token for what the server said.
    head.fields.add("Tapedeck-Redacted", recorded->redacted);
    if (head.fields.contains("Content-Length") && recorded->size > 0) {
      head.fields.set("Content-Length", std::to_string(recorded->size));
    }
  }
  std::string coding = head.fields.joined("Content-Encoding").value_or("");
  if (coding.empty() || accepts(exchange_.head.fields, coding) || recorded->size == 0) {
    coding.clear();
  } else {
    head.fields.remove("Content-Encoding");
    head.fields.remove("Content-Length");
  }
  const bool length_known = coding.empty() && head.fields.contains("Content-Length");
  http::Framing framing = http::Framing::none();
  if (recorded->size > 0) {
    framing = length_known ? http::Framing::of_length(static_cast<std::uint64_t>(recorded->size))
                           : downstream_framing(http::Framing::chunked(), exchange_.head.version);
  }
  if (session_.worker.stopping() || framing.kind == http::Framing::Kind::until_close) {
    session_.http.disable_keep_alive();
  }
  storage::RecordedTiming timing;
  const double speed = session_.worker.services.pace;
  if (speed != 0) timing = storage::read_timing(session_.worker.shelf().log, id);
  Pace pace(session_, speed, timing);
  co_await pace.head();
  if (pace.canceled()) co_return left_while_paced();
  head = downstream_response(head, session_.worker.services.pseudonym, !session_.http.keep_alive());
  if (!route_.gateway.empty()) stay_at_gateway(head.fields, route_);
  if (auto ok = session_.http.send_response(head, framing, session_.out); !ok) co_return ok;

  storage::Exchange& row = exchange_.row();
  row.replay_of = id;
  row.status = recorded->status;
  row.reason = recorded->reason;
  row.response_version = http::to_string(head.version);
  row.response_headers = recorded->headers;
  row.redacted = recorded->redacted;
  if (recorded->size > 0) {
    if (auto ok = co_await send_body(*recorded, coding, pace); !ok) co_return ok;
  }
  http::Fields trailers = recorded->trailers;
  row.response_trailers = trailers;
  if (auto ok = session_.http.send_end(trailers, session_.out); !ok) co_return ok;
  const bool committed = co_await exchange_.finish(storage::State::complete);
  if (!committed) {
    co_return Failure{std::make_error_code(std::errc::io_error), Stage::record, Blame::local,
                      "the exchange could not be written to the log"};
  }
  co_return co_await session_.flush();
}

/// As it was recorded, or without its content-coding.
net::Awaitable<Result<void>> Replayer::send_body(const storage::RecordedResponse& recorded,
                                                 const std::string& coding, Pace& pace) {
  std::string decoded;
  auto decoder = client::ContentDecoder::create(
      coding, {}, [&](std::span<const char> piece) { decoded.append(piece.data(), piece.size()); });
  if (!decoder) co_return std::move(decoder).error();
  storage::BodyPieces pieces(session_.worker.shelf().log, recorded);
  std::int64_t offset = 0;
  while (const auto stored = pieces.next()) {
    for (std::string_view rest = *stored; !rest.empty();) {
      if (pace.about_to_wait(offset)) {
        if (auto ok = co_await session_.flush(); !ok) co_return ok;
      }
      const std::size_t together = co_await pace.arrival(offset);
      if (pace.canceled()) {
        co_return Failure{net::Error::canceled, Stage::respond, Blame::remote,
                          "while it was paced"};
      }
      const std::string_view piece = rest.substr(0, together);
      rest.remove_prefix(piece.size());
      offset += static_cast<std::int64_t>(piece.size());
      if (coding.empty()) {
        exchange_.row().response_size += static_cast<std::int64_t>(piece.size());
        if (auto ok = co_await send(piece); !ok) co_return ok;
        continue;
      }
      decoded.clear();
      if (auto ok = decoder->push(piece); !ok) co_return ok;
      exchange_.recording.response_body(decoded);
      if (auto ok = co_await send(decoded); !ok) co_return ok;
      co_await session_.worker.uncongested();
    }
  }
  if (coding.empty()) {
    exchange_.recording.response_body_is(recorded.body_id);
    co_return Result<void>{};
  }
  co_return decoder->finish();
}

net::Awaitable<Result<void>> Replayer::send(std::string_view piece) {
  if (session_.strain.any()) {
    return send_strained(session_, piece, *this, &Replayer::send_piece);
  }
  return send_piece(piece);
}

net::Awaitable<Result<void>> Replayer::send_piece(std::string_view piece) {
  if (piece.empty()) co_return Result<void>{};
  auto frame = session_.http.send_data(piece.size());
  if (!frame) co_return std::move(frame).error();
  session_.out.append(frame->before).append(piece).append(frame->after);
  if (session_.out.size() < kGather) co_return Result<void>{};
  co_return co_await session_.flush();
}

net::Awaitable<void> Replayer::forward() {
  exchange_.row().mode = route_.mode;
  Forwarder forwarder(session_, exchange_, std::move(route_));
  if (body_.size() > 0) forwarder.set_read_ahead(body_.held(), body_ended_);
  co_await forwarder.run();
}

}  // namespace tapedeck
