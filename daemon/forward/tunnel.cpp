#include "daemon/forward/tunnel.hpp"

#include "client/net/error.hpp"
#include "daemon/accept/session.hpp"
#include "daemon/forward/relay.hpp"
#include "daemon/forward/upstream.hpp"

namespace tapedeck {

net::Awaitable<Result<std::string>> grant_tunnel(Session& session, Exchange& exchange) {
  http::ResponseHead head;
  head.reason = "Connection established";
  if (session.socks == Session::Socks::asked) {
    session.out += socks_reply(head.status, {});
    session.socks = Session::Socks::granted;
  } else if (auto ok = session.http.send_response(head, http::Framing::none(), session.out); !ok) {
    co_return std::move(ok).error();
  }
  storage::Exchange& row = exchange.row();
  row.status = head.status;
  row.reason = head.reason;
  row.response_version = http::to_string(head.version);
  if (auto ok = co_await session.flush(); !ok) co_return std::move(ok).error();
  co_await session.inbound.stop();
  co_return session.http.take_leftover();
}

void note_opening(const Opening& opening, storage::Exchange& row) {
  row.tls_sni = opening.server_name;
  row.tls_alpn.clear();
  for (const std::string& protocol : opening.alpn) {
    row.tls_alpn.append(row.tls_alpn.empty() ? "" : ",").append(protocol);
  }
}

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
  if (overhear(received_)) {
    relay.overhear([this](std::string_view bytes) { return overhear(bytes); });
  }
  co_await relay.run();
  session_.on_cut(nullptr);
  co_await exchange_.finish_relay(canceled_);
  close_both();
}

net::Awaitable<Result<void>> Tunnel::open() {
  if (!upstream_) {
    auto connected = co_await connect_upstream(session_, route_, exchange_.row(), true);
    if (!connected) co_return std::move(connected).error();
    upstream_ = *std::move(connected);
  }
  if (canceled_) {
    co_return Failure{net::Error::canceled, Stage::connect, Blame::local, upstream_->address};
  }
  if (granted_) co_return Result<void>{};
  auto ahead = co_await grant_tunnel(session_, exchange_);
  if (!ahead) co_return std::move(ahead).error();
  received_ = *std::move(ahead);
  co_return Result<void>{};
}

/// False once nothing more is to be learnt.
bool Tunnel::overhear(std::string_view bytes) {
  heard_ += bytes;
  const Opening opening = recognize(heard_);
  if (opening.kind == Opening::Kind::incomplete) return true;
  note_opening(opening, exchange_.row());
  heard_ = {};
  return false;
}

void Tunnel::close_both() {
  session_.stream.close();
  if (upstream_) upstream_->stream.close();
}

}  // namespace tapedeck
