#include "daemon/worker.hpp"

#include <algorithm>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "daemon/accept/session.hpp"

namespace tapedeck {
namespace {

struct Resume {
  std::shared_ptr<net::OneShot<bool>> shot;
  bool value;
  void operator()() const { shot->deliver(value); }
};

/// ::ffff:127.0.0.1 reaches the listener on 127.0.0.1.
net::Endpoint unmapped(const net::Endpoint& endpoint) {
  const auto& address = endpoint.address();
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return endpoint;
  return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()), endpoint.port()};
}

}  // namespace

bool Services::is_self(const net::Endpoint& to, const net::Endpoint& from) const {
  const net::Endpoint peer = unmapped(to);
  if (!peer.address().is_loopback() && peer.address() != unmapped(from).address()) return false;
  return std::any_of(listeners.begin(), listeners.end(), [&](const net::Endpoint& listener) {
    if (listener.port() != peer.port()) return false;
    return listener.address().is_unspecified() || listener.address() == peer.address();
  });
}

Worker::Worker(Services& shared)
    : watchdog(context),
      pool(watchdog, {.idle_timeout = shared.options.limits.upstream_idle_timeout,
                      .max_idle_per_origin = shared.options.limits.upstream_idle_connections}),
      services(shared) {}

void Worker::adopt(net::Socket socket) {
  asio::co_spawn(context.get_executor(), run_session(*this, net::Stream(std::move(socket))),
                 asio::detached);
}

void Worker::enter(Session& session) {
  sessions_.insert(&session);
  services.connections.fetch_add(1, std::memory_order_relaxed);
}

void Worker::leave(Session& session) {
  sessions_.erase(&session);
  services.connections.fetch_sub(1, std::memory_order_relaxed);
  if (session_ended_) session_ended_();
}

void Worker::wind_down() {
  stopping_ = true;
  pool.clear();
  for (Session* session : sessions_) session->wind_down();
}

void Worker::cut() {
  for (Session* session : sessions_) session->cut();
}

net::Awaitable<void> Worker::uncongested() {
  while (congested()) {
    CommitWait room(context.get_executor());
    services.recorder->when_uncongested([resume = room.callback()] { resume(true); });
    co_await room.take();
  }
}

std::function<void(bool)> CommitWait::callback() {
  return [executor = executor_, shot = committed_](bool ok) {
    asio::post(executor, Resume{shot, ok});
  };
}

}  // namespace tapedeck
