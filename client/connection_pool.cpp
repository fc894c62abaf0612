#include "client/connection_pool.hpp"

#include <algorithm>
#include <functional>

namespace tapedeck::client {
namespace {

/// How often idle connections are looked over: soon enough that one the peer has closed does not
/// linger half-closed.
constexpr std::chrono::milliseconds kSweepInterval{1'000};

}  // namespace

std::size_t ConnectionPool::Hash::operator()(const http::Origin& origin) const noexcept {
  const std::hash<std::string_view> hash;
  return hash(origin.host) * 31 + origin.port * 2u + (origin.scheme == "https" ? 1u : 0u);
}

ConnectionPool::ConnectionPool(net::Watchdog& watchdog, Options options)
    : options_(options), watchdog_(watchdog), sweep_(watchdog, [this] { sweep(); }) {}

std::unique_ptr<PooledConnection> ConnectionPool::take(const http::Origin& origin) {
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return nullptr;
  Idle& connections = found->second;
  while (!connections.empty()) {
    std::unique_ptr<PooledConnection> connection = std::move(connections.back());
    connections.pop_back();
    --idle_count_;
    if (connection->stream.quiet()) return connection;
  }
  return nullptr;
}

void ConnectionPool::put(const http::Origin& origin, std::unique_ptr<PooledConnection> connection) {
  // A byte beyond the response is not the next response: such a connection is not to be trusted
  // (RFC 9112 section 6.3).
  if (connection->http.has_leftover() || !connection->http.start_next_cycle()) return;
  if (connection->opened_at < renewed_at_) return;
  Idle& connections = idle_[origin];
  if (connections.size() >= options_.max_idle_per_origin) return;
  connection->http.release_buffer();
  connection->stream.rest();
  connection->deadline.disarm();
  connection->reused = true;
  connection->idle_since = watchdog_.now();
  connections.push_back(std::move(connection));
  if (idle_count_++ == 0) sweep_.arm(kSweepInterval);
}

void ConnectionPool::sweep() {
  const auto limit = watchdog_.now() - options_.idle_timeout;
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    idle_count_ -= std::erase_if(entry->second, [&](const auto& connection) {
      return connection->idle_since < limit || !connection->stream.quiet();
    });
    entry = entry->second.empty() ? idle_.erase(entry) : std::next(entry);
  }
  if (idle_count_ > 0) sweep_.arm(kSweepInterval);
}

void ConnectionPool::clear() {
  idle_.clear();
  idle_count_ = 0;
}

void ConnectionPool::renew(Options options) {
  options_ = options;
  renewed_at_ = net::Clock::now();
  clear();
}

}  // namespace tapedeck::client
