#include "daemon/worker.hpp"

#include <algorithm>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "daemon/accept/session.hpp"
#include "daemon/intercept/host_pattern.hpp"
#include "daemon/log.hpp"
#include "daemon/replay/shelf.hpp"

namespace tapedeck {
namespace {

struct Resume {
  std::shared_ptr<net::OneShot<bool>> shot;
  bool value;
  void operator()() const { shot->deliver(value); }
};

client::ConnectionPool::Options pool_options(const config::Limits& limits) {
  return {.idle_timeout = limits.upstream_idle_timeout,
          .max_idle_per_origin = limits.upstream_idle_connections};
}

}  // namespace

unsigned Refusals::add(const std::string& host) {
  const std::lock_guard lock(mutex_);
  if (counts_.size() >= kMaxHosts && !counts_.contains(host)) counts_.clear();
  return ++counts_[host];
}

unsigned Refusals::of(std::string_view host) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(std::string(host));
  return found == counts_.end() ? 0 : found->second;
}

bool Services::passes_through(const Settings& settings, std::string_view host,
                              std::uint16_t port) const {
  if (offline) return false;
  if (settings.authority == nullptr) return true;
  if (matches_any(settings.options.passthrough, host, port)) return true;
  return settings.options.auto_passthrough == "on" && refusals.of(host) >= 2;
}

bool Services::is_self(const net::Endpoint& to, const net::Endpoint& from) const {
  const asio::ip::address peer = unmapped(to.address());
  if (!peer.is_loopback() && peer != unmapped(from.address())) return false;
  const auto is_door = [&](const net::Endpoint& door) {
    return door.port() == to.port() && (door.address().is_unspecified() || door.address() == peer);
  };
  return std::any_of(listeners.begin(), listeners.end(), is_door) || (admin && is_door(*admin));
}

Worker::Worker(Services& shared, std::shared_ptr<const Settings> first)
    : watchdog(context),
      pool(watchdog, pool_options(first->options.limits)),
      services(shared),
      settings(std::move(first)) {}

void Worker::renew(std::shared_ptr<const Settings> next) {
  settings = std::move(next);
  pool.renew(pool_options(settings->options.limits));
}

Worker::~Worker() = default;

Shelf& Worker::shelf() {
  if (shelf_ == nullptr) shelf_ = std::make_unique<Shelf>(settings->options.db);
  return *shelf_;
}

void Worker::adopt(net::Socket socket, net::Endpoint client, Entrance entrance) {
  asio::co_spawn(context.get_executor(),
                 run_session(*this, net::Stream(std::move(socket)), client, entrance),
                 asio::detached);
}

void Worker::enter(Session& session) {
  sessions_.insert(&session);
  services.connections.fetch_add(1, std::memory_order_relaxed);
}

void Worker::leave(Session& session) {
  sessions_.erase(&session);
  services.connections.fetch_sub(1, std::memory_order_relaxed);
  services.clients.leave(session.client.address());
  if (session_ended_) session_ended_();
}

void Worker::wind_down() {
  stopping_ = true;
  pool.clear();
  for (Session* session : sessions_) session->wind_down();
}

void Worker::cut() {
  cut_ = true;
  for (Session* session : sessions_) session->cut();
  for (net::OneShot<bool>* shot : std::exchange(waiting_for_room_, {})) shot->deliver(false);
}

net::Awaitable<void> Worker::uncongested() {
  if (!congested()) co_return;
  const auto began = std::chrono::steady_clock::now();
  while (congested() && !cut_) {
    Completion room(context.get_executor());
    waiting_for_room_.insert(&room.shot());
    services.recorder->when_uncongested([resume = room.callback()] { resume(true); });
    co_await room.take();
    waiting_for_room_.erase(&room.shot());
  }
  services.counters.recording_waits.add_since(began);
}

std::function<void(bool)> Completion::callback() {
  return [executor = executor_, shot = committed_](bool ok) {
    asio::post(executor, Resume{shot, ok});
  };
}

}  // namespace tapedeck
