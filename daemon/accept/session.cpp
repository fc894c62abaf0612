#include "daemon/accept/session.hpp"

#include <array>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"
#include "client/http/hop_by_hop.hpp"
#include "client/net/error.hpp"
#include "client/proxy.hpp"
#include "daemon/accept/own_pages.hpp"
#include "daemon/access/credentials.hpp"
#include "daemon/access/error.hpp"
#include "daemon/exchange.hpp"
#include "daemon/fault/afflict.hpp"
#include "daemon/forward/forwarder.hpp"
#include "daemon/forward/rewrite.hpp"
#include "daemon/intercept/interceptor.hpp"
#include "daemon/replay/replayer.hpp"
#include "daemon/route/gateway.hpp"

namespace tapedeck {
namespace {

/// An exchange that lasts longer than this is visible in the log as `open`, and grows there at this
/// pace.
constexpr std::chrono::milliseconds kPublishAfter{1'000};

/// How long and how much of an unwanted request is read after the answer, so that the answer is
/// not lost to a TCP reset (RFC 9112 section 9.6).
constexpr std::chrono::milliseconds kLingerTime{1'000};
constexpr std::size_t kLingerBytes = 256 * 1024;

/// RFC 9110 section 9.3.8: the request as received, less what is secret.
std::string trace_body(const http::RequestHead& head) {
  std::string body = head.method + " " + head.target + " HTTP/1.1\r\n";
  for (const http::Fields::Line& line : head.fields) {
    if (http::iequals(line.name, "authorization") || http::iequals(line.name, "cookie") ||
        http::iequals(line.name, "proxy-authorization")) {
      continue;
    }
    body.append(line.name).append(": ").append(line.value).append("\r\n");
  }
  return body + "\r\n";
}

/// The answer to TRACE or OPTIONS with Max-Forwards: 0 (RFC 9110 section 7.6.2).
net::Awaitable<void> answer_last_hop(Exchange& exchange) {
  http::ResponseHead head;
  head.reason = "OK";
  head.fields.add("Date", http_date());
  std::string body;
  if (exchange.head.method == "TRACE") {
    head.fields.add("Content-Type", "message/http");
    body = trace_body(exchange.head);
  } else {
    head.fields.add("Allow", "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE, CONNECT");
  }
  co_await exchange.answer(std::move(head), std::move(body));
}

}  // namespace

Session::Session(Worker& owner, net::Stream opened, net::Endpoint peer, Entrance entrance)
    : worker(owner),
      settings(owner.settings),
      stream(std::move(opened)),
      http(http::Role::server, settings->http_limits),
      inbound(stream, http),
      deadline(owner.watchdog, [this] { stream.cancel(); }),
      write_deadline(owner.watchdog, [this] { stream.cancel(); }),
      client(std::move(peer)),
      entrance_(entrance),
      publish_(owner.watchdog, [this] {
        if (recording_ == nullptr) return;
        recording_->publish();
        publish_.arm(kPublishAfter);
      }) {
  worker.enter(*this);
}

Session::~Session() { worker.leave(*this); }

void Session::set_recording(storage::Recording* recording) {
  recording_ = recording;
  if (recording != nullptr && recording->active()) {
    publish_.arm(kPublishAfter);
  } else {
    publish_.disarm();
  }
}

void Session::wind_down() {
  if (busy_) {
    http.disable_keep_alive();
  } else {
    stream.cancel();
  }
}

void Session::cut() {
  stream.cancel();
  if (on_cut_) on_cut_();
}

void Session::enter(TunnelEnd end, std::string received, storage::Recording connect) {
  connect_ = std::move(connect);
  inside_ = std::move(end);
  entered_ = true;
  http = http::Connection(http::Role::server, settings->http_limits);
  if (received.empty()) return;
  received.copy(http.prepare(received.size()).data(), received.size());
  http.commit(received.size());
}

net::Awaitable<Result<void>> Session::flush() {
  std::string_view rest = out;
  std::error_code error = stream.write_now(rest);
  if (!error && !rest.empty()) {
    write_deadline.arm(settings->options.limits.body_idle_timeout);
    error = co_await stream.write(rest);
    write_deadline.disarm();
    if (error && write_deadline.expired()) error = net::Error::timed_out;
  }
  out.clear();
  if (error) co_return Failure{error, Stage::respond, Blame::remote, "the client went away"};
  co_return Result<void>{};
}

net::Awaitable<void> Session::run() {
  deadline.arm(settings->options.limits.client_idle_timeout);
  (void)co_await inbound.arrived(Inbound::kHeadRead);
  deadline.disarm();
  // No HTTP message begins as SOCKS does.
  if (entrance_ == Entrance::proxy && http.leftover().starts_with(SocksGreeting::kVersion)) {
    co_await serve_socks();
  } else if (!deadline.expired()) {
    co_await serve_requests();
  }
  finish_connect();
  co_await inbound.stop();
  if (stream.is_open()) co_await linger();
  stream.close();
}

/// A tunnel asked for by SOCKS5 is served as one asked for by CONNECT.
net::Awaitable<void> Session::serve_socks() {
  busy_ = true;
  SocksGreeting greeting(settings->credentials != nullptr);
  const bool asked = co_await shake_hands(greeting);
  if (!asked) co_return;
  socks = Socks::asked;
  http::RequestHead head{.method = "CONNECT", .target = greeting.target().to_string()};
  {
    Exchange exchange(*this, std::move(head));
    exchange.row().request_version = "SOCKS5";
    co_await serve(exchange);
  }
  socks = Socks::no;
  busy_ = false;
  if (std::exchange(entered_, false)) co_await serve_requests();
}

/// False when it came to nothing; a client that was refused has been told.
net::Awaitable<bool> Session::shake_hands(SocksGreeting& greeting) {
  std::string received = http.take_leftover();
  deadline.arm(settings->options.limits.header_timeout);
  while (true) {
    const SocksGreeting::Step step = greeting.next(received, out);
    if (step == SocksGreeting::Step::log_in) {
      std::string authorization = client::basic_credentials(greeting.user(), greeting.password());
      const bool known = co_await knows(std::move(authorization));
      greeting.logged_in(known, out);
    }
    const auto flushed = co_await flush();
    if (!flushed || step == SocksGreeting::Step::refused) co_return false;
    if (step == SocksGreeting::Step::connect) break;
    if (step == SocksGreeting::Step::log_in) continue;
    const std::error_code error = co_await inbound.arrived(Inbound::kHeadRead);
    if (error || inbound.gone()) co_return false;
    received += http.take_leftover();
  }
  deadline.disarm();
  // What it said ahead belongs to the tunnel.
  received.copy(http.prepare(received.size()).data(), received.size());
  http.commit(received.size());
  co_return true;
}

net::Awaitable<void> Session::serve_requests() {
  while (!worker.stopping()) {
    const bool readable = co_await read_request();
    if (!readable) break;
    busy_ = true;
    if (settings != worker.settings) settings = worker.settings;
    // A writer that is only slow is waited for; one that fails makes the answer 503.
    if (worker.services.recorder != nullptr && worker.services.recorder->healthy()) {
      co_await worker.uncongested();
    }
    connect_.discard();
    co_await serve_request();
    busy_ = false;
    if (std::exchange(entered_, false)) continue;
    if (!stream.is_open() || !http.start_next_cycle()) break;
    // An idle connection keeps no buffer that it does not read into.
    if (!http.has_leftover()) out.shrink_to_fit();
  }
}

/// In a frame of its own, so that a connection at rest does not keep room for an exchange.
net::Awaitable<void> Session::serve_request() {
  Exchange exchange(*this, std::move(http.request()));
  co_await serve(exchange);
}

/// True when a request head is there. A head that cannot be read is answered and recorded here.
net::Awaitable<bool> Session::read_request() {
  const config::Limits& limits = settings->options.limits;
  bool head_started = false;
  deadline.arm(limits.client_idle_timeout);
  while (true) {
    auto event = http.next_event();
    if (!event) {
      deadline.disarm();
      Failure failure = std::move(event).error();
      co_await refuse(std::move(failure));
      co_return false;
    }
    if (event->kind == http::Connection::EventKind::request) {
      deadline.disarm();
      // Without a body the end follows at once, and the request counts as read.
      if (!http.received_framing().has_body()) (void)http.next_event();
      co_return true;
    }
    if (event->kind == http::Connection::EventKind::closed) co_return false;
    if (http.head_started() && !head_started) {
      head_started = true;
      deadline.arm(limits.header_timeout);
    }
    const std::error_code error = co_await inbound.arrived(Inbound::kHeadRead);
    if (!error) continue;
    if (head_started && deadline.expired()) {
      Failure failure{net::Error::timed_out, Stage::request, Blame::remote, "in the head"};
      co_await refuse(std::move(failure));
    }
    co_return false;
  }
}

net::Awaitable<void> Session::refuse(Failure failure) {
  busy_ = true;
  connect_.discard();
  Exchange exchange(*this, std::move(http.request()));
  http.disable_keep_alive();
  const auto url = http::parse_url(exchange.head.target);
  if (inside_) {
    Route partial;
    partial.mode = storage::Mode::intercept;
    partial.url = inside_->url;
    partial.url.path = exchange.head.target;
    exchange.set_route(partial);
  } else if (url && exchange.head.method != "CONNECT") {
    Route partial;
    partial.url = *url;
    exchange.set_route(partial);
  } else {
    exchange.row().path = exchange.head.target;
  }
  co_await exchange.fail(std::move(failure));
  busy_ = false;
}

Result<Route> Session::route_request(const http::RequestHead& head) const {
  if (entrance_ == Entrance::gateway) return route_gateway(head);
  return route(head, settings->reverse, inside_ ? &*inside_ : nullptr);
}

net::Awaitable<void> Session::serve(Exchange& exchange) {
  const Services& services = worker.services;
  strain = {};
  if (exchange.head.target == kProxyScript && entrance_ == Entrance::proxy && !inside_ &&
      !settings->reverse) {
    exchange.row().path = kProxyScript;
    co_await answer_page(exchange, kProxyScript);
    co_return;
  }
  auto routed = route_request(exchange.head);
  if (!routed) {
    exchange.row().path = exchange.head.target;
    Failure failure = std::move(routed).error();
    co_await exchange.fail(std::move(failure));
    co_return;
  }
  exchange.set_route(*routed);
  // What is inside a tunnel came with its CONNECT, and a SOCKS client has logged in.
  if (settings->credentials != nullptr && !inside_ && socks == Socks::no) {
    std::string given(exchange.head.fields.get("Proxy-Authorization").value_or(""));
    const bool known = co_await knows(std::move(given));
    if (!known) {
      Failure failure{AccessError::credentials_wanted, Stage::route, Blame::remote,
                      "this proxy serves only those it knows"};
      co_await exchange.fail(std::move(failure));
      co_return;
    }
  }
  if (http::passed_through(exchange.head.fields, services.pseudonym)) {
    Failure failure{net::Error::loop, Stage::route, Blame::remote,
                    "Via says the request has been here before"};
    co_await exchange.fail(std::move(failure));
    co_return;
  }
  if (const auto hops = max_forwards(exchange.head); hops == 0u) {
    co_await answer_last_hop(exchange);
    co_return;
  }
  if (routed->url.authority.host == kOwnHost) {
    co_await answer_page(exchange, routed->target);
    co_return;
  }
  if (std::string why = worker.services.health.refusal(); !why.empty()) {
    Failure failure{std::make_error_code(std::errc::io_error), Stage::record, Blame::local,
                    std::move(why)};
    co_await exchange.fail(std::move(failure));
    co_return;
  }
  if (settings->faults != nullptr) {
    Strike strike =
        settings->faults->draw(http::to_lower(routed->url.authority.host), routed->url.path);
    if (strike.any() && !co_await survives(*this, exchange, std::move(strike))) co_return;
  }
  if (services.tape != nullptr && routed->kind == Route::Kind::forward) {
    Replayer replayer(*this, exchange, *std::move(routed));
    co_await replayer.run();
  } else if (routed->kind == Route::Kind::tunnel) {
    Interceptor interceptor(*this, exchange, *std::move(routed));
    co_await interceptor.run();
  } else {
    Forwarder forwarder(*this, exchange, *std::move(routed));
    co_await forwarder.run();
  }
}

net::Awaitable<void> Session::answer_page(Exchange& exchange, std::string_view target) {
  http::ResponseHead head;
  std::string body;
  answer_own_page(*settings, target, stream.local_endpoint(), head, body);
  co_await exchange.answer(std::move(head), std::move(body));
}

/// RFC 9110 section 11.7.
net::Awaitable<bool> Session::knows(std::string authorization) {
  const std::shared_ptr<Credentials> credentials = settings->credentials;
  if (authorization.empty()) co_return false;
  if (credentials->remembers(authorization)) co_return true;
  Completion checked(stream.executor());
  credentials->check(std::move(authorization), checked.callback());
  co_return co_await checked.take();
}

/// A tunnel that was granted and never used: refused by a client that says so by leaving, or opened
/// ahead of need.
void Session::finish_connect() {
  if (!connect_.active()) return;
  storage::Exchange& row = connect_.row();
  row.state = storage::State::aborted;
  row.error_stage = to_string(Stage::request);
  row.error_code = "client_disconnected";
  row.error_detail = "the client left the tunnel without a request";
  connect_.finish();
}

/// Ends our side first and reads a little of what the client is still sending.
net::Awaitable<void> Session::linger() {
  if (inbound.gone()) co_return;
  stream.shutdown_send();
  // Nothing can be on its way from a client that has said all it had to say.
  const http::State theirs = http.their_state();
  if (theirs != http::State::error && theirs != http::State::send_body) co_return;
  deadline.arm(kLingerTime);
  std::array<char, 4096> discard;
  for (std::size_t total = 0; total < kLingerBytes && !deadline.expired();) {
    const net::IoResult result = co_await stream.read_some(discard);
    if (result.error) break;
    total += result.size;
  }
  deadline.disarm();
}

net::Awaitable<void> run_session(Worker& worker, net::Stream stream, net::Endpoint client,
                                 Entrance entrance) {
  Session session(worker, std::move(stream), std::move(client), entrance);
  co_await session.run();
}

}  // namespace tapedeck
