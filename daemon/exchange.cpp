#include "daemon/exchange.hpp"

#include <atomic>
#include <chrono>

#include "client/http/error.hpp"
#include "client/net/error.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/log.hpp"

namespace tapedeck {
namespace {

/// A clock that is this much behind, in microseconds, was set back, and is followed.
constexpr std::int64_t kClockStep = 1'000'000;

/// Microseconds since 1970, never the same twice: when an exchange starts is its name until its row
/// has a number.
std::int64_t start_of_exchange() {
  using namespace std::chrono;
  static std::atomic<std::int64_t> last = 0;
  const std::int64_t now =
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  std::int64_t before = last.load(std::memory_order_relaxed);
  std::int64_t mine = 0;
  do {
    mine = now > before || now < before - kClockStep ? now : before + 1;
  } while (!last.compare_exchange_weak(before, mine, std::memory_order_relaxed));
  return mine;
}

}  // namespace

void set_failure(storage::Exchange& row, const Failure& failure) {
  row.error_stage = to_string(failure.stage);
  row.error_detail = failure.code.message();
  if (!failure.detail.empty()) row.error_detail.append(": ").append(failure.detail);
  row.error_code = answer_for(failure).error_type;
}

Exchange::Exchange(Session& session, http::RequestHead received)
    : head(std::move(received)), session_(session), started_(net::Clock::now()) {
  Services& services = session.worker.services;
  if (services.health.admit()) recording = services.recorder->begin();
  storage::Exchange& record = row();
  record.started_at = start_of_exchange();
  record.client = net::to_string(session.client);
  record.method = head.method;
  if (!head.method.empty()) record.request_version = http::to_string(head.version);
  if (recording.active()) {
    record.request_headers = head.fields;
    // RFC 9110 section 11.7: credentials for us are nobody else's business, the log's included.
    record.request_headers.remove("Proxy-Authorization");
  }
  session.set_recording(&recording);
}

Exchange::~Exchange() { session_.set_recording(nullptr); }

void Exchange::set_route(const Route& route) {
  storage::Exchange& record = row();
  record.mode = route.mode;
  record.scheme = route.url.scheme;
  record.host = http::to_lower(route.url.authority.host);
  record.port = route.url.port();
  record.path = route.url.path;
  record.query = route.url.query;
}

std::int64_t Exchange::elapsed_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(net::Clock::now() - started_)
      .count();
}

net::Awaitable<void> Exchange::fail(Failure failure) {
  set_failure(failure);
  const http::State ours = session_.http.our_state();
  const bool begun = session_.socks == Session::Socks::granted ||
                     (ours != http::State::idle && ours != http::State::send_response);
  if (session_.inbound.gone() || failure.stage == Stage::respond) {
    row().error_code = "client_disconnected";
    co_await finish(storage::State::aborted);
    session_.stream.close();
    co_return;
  }
  // An exchange that the proxy's own stopping cut is nobody's failure.
  const bool stopped = session_.worker.stopping() && failure.code == Condition::canceled;
  const storage::State state = stopped ? storage::State::aborted : storage::State::failed;
  if (stopped) row().error_detail = "the proxy was stopped before the exchange ended";
  if (begun) {
    co_await finish(state);
    // RFC 9112 section 8: the client must see that the message is cut. Closing tells it so unless
    // the body is delimited by closing; then only a reset does, at the price of bytes in flight.
    if (session_.http.sent_framing().kind == http::Framing::Kind::until_close) {
      session_.stream.reset();
    }
    co_return;
  }
  const Answer answer = answer_for(failure);
  if (session_.socks == Session::Socks::asked) {
    session_.out += socks_reply(answer.status, answer.error_type);
  } else {
    http::ResponseHead response = answer_head(answer, row().started_at);
    const std::string body = answer.detail + "\n";
    compose_answer(response, body);
  }
  co_await finish(state);
  if (auto sent = co_await session_.flush(); !sent) session_.stream.close();
}

net::Awaitable<void> Exchange::answer(http::ResponseHead answer_head, std::string body) {
  compose_answer(answer_head, body);
  co_await finish(storage::State::complete);
  if (auto sent = co_await session_.flush(); !sent) session_.stream.close();
}

void Exchange::compose_answer(http::ResponseHead& answer_head, const std::string& body) {
  http::Connection& http = session_.http;
  // What is left of the request is not worth reading: the connection ends with the answer (RFC
  // 9112 section 9.3).
  if (http.their_state() == http::State::error || http.their_state() == http::State::send_body) {
    http.disable_keep_alive();
  }
  if (session_.worker.stopping()) http.disable_keep_alive();
  if (!http.keep_alive()) answer_head.fields.add("Connection", "close");
  const bool no_body = head.method == "HEAD";
  if (no_body) answer_head.fields.add("Content-Length", std::to_string(body.size()));
  const auto framing = no_body ? http::Framing::none() : http::Framing::of_length(body.size());
  if (auto ok = http.send_response(answer_head, framing, session_.out); !ok) return;
  if (!no_body) {
    if (auto ok = http.send_data(body.size()); !ok) return;
    session_.out += body;
  }
  if (auto ok = http.send_end({}, session_.out); !ok) return;

  storage::Exchange& record = row();
  record.status = answer_head.status;
  record.reason = answer_head.reason;
  record.response_version = http::to_string(answer_head.version);
  record.response_headers = answer_head.fields;
  if (!no_body) recording.response_body(recording.without_secrets(body));
  record.response_size = no_body ? 0 : static_cast<std::int64_t>(body.size());
}

net::Awaitable<Result<void>> Exchange::commit_request() {
  if (!recording.active() || !session_.worker.services.strict) {
    co_return Result<void>{};
  }
  Completion committed(session_.stream.executor());
  recording.publish(committed.callback());
  const bool ok = co_await await_commit(committed);
  if (ok) co_return Result<void>{};
  co_return Failure{std::make_error_code(std::errc::io_error), Stage::record, Blame::local,
                    "the request could not be written to the log"};
}

net::Awaitable<bool> Exchange::finish(storage::State state) {
  if (finished_) co_return true;
  finished_ = true;
  session_.set_recording(nullptr);
  row().state = state;
  row().timings.total_us = elapsed_us();
  session_.worker.services.counters.count(row());
  log_line();
  if (!recording.active()) co_return true;
  if (!session_.worker.services.strict) {
    recording.finish();
    co_return true;
  }
  Completion committed(session_.stream.executor());
  recording.finish(committed.callback());
  co_return co_await await_commit(committed);
}

/// Waits for the log, and counts for how long.
net::Awaitable<bool> Exchange::await_commit(Completion& committed) {
  const auto began = net::Clock::now();
  const bool ok = co_await committed.take();
  session_.worker.services.counters.recording_waits.add_since(began);
  co_return ok;
}

net::Awaitable<bool> Exchange::finish_relay(bool canceled) {
  if (canceled) {
    set_failure({net::Error::canceled, Stage::relay, Blame::local,
                 "the proxy was stopped before the exchange ended"});
  }
  co_return co_await finish(canceled ? storage::State::aborted : storage::State::complete);
}

void Exchange::log_line() {
  spdlog::logger& log = log::get(log::Component::forward);
  if (!log.should_log(spdlog::level::info)) return;
  const storage::Exchange& record = row();
  // The query may hold secrets: it is in the database, not in the log.
  const std::string port = record.port && *record.port != http::default_port(record.scheme)
                               ? ":" + std::to_string(*record.port)
                               : std::string{};
  const std::string where = record.mode == storage::Mode::tunnel
                                ? record.host + ":" + std::to_string(record.port.value_or(0))
                                : record.scheme + "://" + record.host + port + record.path;
  log.info("{} {} {} {} bytes {} us{}{} started:{}", log::escape(record.method), log::escape(where),
           record.status.value_or(0), record.response_size, record.timings.total_us.value_or(0),
           record.error_code.empty() ? "" : " ", record.error_code, record.started_at);
}

}  // namespace tapedeck
