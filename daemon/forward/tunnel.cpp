#include "daemon/forward/tunnel.hpp"

#include "client/net/error.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/forward/relay.hpp"
#include "daemon/forward/upstream.hpp"

namespace tapedeck {

Tunnel::Tunnel(Session& session, Exchange& exchange, Route route)
    : session_(session), exchange_(exchange), route_(std::move(route)) {}

void Tunnel::granted(std::string received, std::unique_ptr<client::PooledConnection> upstream) {
  granted_ = true;
  received_ = std::move(received);
  upstream_ = std::move(upstream);
}

net::Awaitable<void> Tunnel::run() {
  session_.on_cut([this] {
    canceled_ = true;
    close_both();
  });
  auto opened = co_await exchange_.commit_request();
  if (opened) opened = co_await open();
  if (!opened) {
    session_.on_cut(nullptr);
    Failure failure = std::move(opened).error();
    co_await exchange_.fail(std::move(failure));
    co_return;
  }

  exchange_.row().request_size = static_cast<std::int64_t>(received_.size());
  const std::error_code sent = co_await upstream_->stream.write(received_);
  if (sent) close_both();

  storage::Exchange& row = exchange_.row();
  Relay relay(session_.stream, upstream_->stream, row.request_size, row.response_size);
  co_await relay.run();
  session_.on_cut(nullptr);
  if (canceled_) {
    exchange_.set_failure({net::Error::canceled, Stage::relay, Blame::local,
                           "the proxy was stopped before the exchange ended"});
  }
  co_await exchange_.finish(canceled_ ? storage::State::aborted : storage::State::complete);
  close_both();
}

net::Awaitable<Result<void>> Tunnel::open() {
  if (!upstream_) {
    auto connected = co_await connect_upstream(session_.worker, route_, exchange_.row(), true);
    if (!connected) co_return std::move(connected).error();
    upstream_ = *std::move(connected);
  }
  if (canceled_) {
    co_return Failure{net::Error::canceled, Stage::connect, Blame::local, upstream_->address};
  }
  if (granted_) co_return Result<void>{};
  co_return co_await grant();
}

net::Awaitable<Result<void>> Tunnel::grant() {
  http::ResponseHead head;
  head.reason = "Connection established";
  if (auto ok = session_.http.send_response(head, http::Framing::none(), session_.out); !ok) {
    co_return ok;
  }
  storage::Exchange& row = exchange_.row();
  row.status = head.status;
  row.reason = head.reason;
  row.response_version = http::to_string(head.version);
  if (auto ok = co_await session_.flush(); !ok) co_return ok;
  co_await session_.inbound.stop();
  // What the client sent ahead of our 200 belongs to the tunnel.
  received_ = session_.http.take_leftover();
  co_return Result<void>{};
}

void Tunnel::close_both() {
  session_.stream.close();
  if (upstream_) upstream_->stream.close();
}

}  // namespace tapedeck
