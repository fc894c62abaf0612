#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <asio/io_context.hpp>

#include "client/connection_pool.hpp"
#include "client/net/deadline.hpp"
#include "client/net/one_shot.hpp"
#include "daemon/access/clients.hpp"
#include "daemon/inspect/counters.hpp"
#include "daemon/log_health.hpp"
#include "daemon/route/router.hpp"
#include "daemon/settings.hpp"
#include "storage/recorder.hpp"

namespace tapedeck {

class Shelf;
class Tape;

/// How often the clients of each host refused our certificate. Any thread.
class Refusals {
 public:
  /// Counts one more, and returns how many there were with it.
  unsigned add(const std::string& host);
  unsigned of(std::string_view host) const;

 private:
  static constexpr std::size_t kMaxHosts = 1'024;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, unsigned> counts_;
};

/// What all threads share; made before them, gone after them. Read-only but for the recorder and
/// the count, which take any thread.
struct Services {
  std::shared_ptr<Tape> tape;  ///< what answers in replay and auto; else null
  std::map<std::uint16_t, std::string> listener_sessions;  ///< --session-listen, by port
  /// The recording that answers at that listener; "" is the default one.
  std::string session_of(const net::Endpoint& listener) const {
    const auto found = listener_sessions.find(listener.port());
    return found == listener_sessions.end() ? std::string() : found->second;
  }
  bool offline = false;  ///< replay: nothing is asked of any server
  double pace = 0;       ///< of what is replayed; see Pace
  Counters counters;
  net::Clock::time_point started_at = net::Clock::now();
  mutable Refusals refusals;
  std::string pseudonym;                  ///< ours in Via, unique to this process
  std::vector<net::Endpoint> listeners;   ///< where we accept: never a place to forward to
  std::optional<net::Endpoint> admin;     ///< likewise, when it is a port
  storage::Recorder* recorder = nullptr;  ///< null when nothing is recorded
  LogHealth health;
  std::atomic<std::size_t> connections{0};  ///< sessions alive, on all threads
  Clients clients;

  /// --commit strict.
  bool strict = false;

  /// TLS to that host is relayed unread whatever else is configured.
  bool passes_through(const Settings& settings, std::string_view host, std::uint16_t port) const;

  /// True when a connection to `peer` from `local` would reach one of our own listeners.
  bool is_self(const net::Endpoint& peer, const net::Endpoint& local) const;
};

class Session;

/// One I/O thread: its loop, its deadlines, its pool, the sessions that live on it. Everything but
/// `context.run()` and posting happens on that thread.
class Worker {
 public:
  Worker(Services& services, std::shared_ptr<const Settings> settings);
  ~Worker();

  asio::io_context context{1};
  net::Watchdog watchdog;
  client::ConnectionPool pool;
  Services& services;
  /// In force for what begins now. Hold on to them across an await.
  std::shared_ptr<const Settings> settings;

  /// Has what begins from now on go by these; upstream connections opened before are not reused.
  void renew(std::shared_ptr<const Settings> settings);
  /// Takes over an accepted connection. Call on this worker's thread.
  void adopt(net::Socket socket, net::Endpoint client, Entrance entrance);
  /// Registration by the session itself.
  void enter(Session& session);
  void leave(Session& session);
  std::size_t session_count() const noexcept { return sessions_.size(); }
  /// Called on this thread each time a session ends.
  void when_session_ends(std::function<void()> ended) { session_ended_ = std::move(ended); }

  /// First step of stopping: idle sessions end now, busy ones after their exchange.
  void wind_down();
  /// Second step: everything is canceled.
  void cut();
  bool stopping() const noexcept { return stopping_; }

  /// This thread's reader of the recording. Throws storage::SqliteError.
  Shelf& shelf();

  /// Waits while the log's writer is behind by more than its budget; cut() ends the wait.
  net::Awaitable<void> uncongested();
  bool congested() const noexcept {
    return services.recorder != nullptr && services.recorder->congested();
  }

 private:
  std::unique_ptr<Shelf> shelf_;
  std::unordered_set<Session*> sessions_;
  std::function<void()> session_ended_;
  std::unordered_set<net::OneShot<bool>*> waiting_for_room_;
  bool stopping_ = false;
  bool cut_ = false;
};

/// Waits for what another thread does, a commit of the log for one: hand callback() over, then
/// take().
class Completion {
 public:
  explicit Completion(net::Executor executor)
      : executor_(executor), committed_(std::make_shared<net::OneShot<bool>>()) {}
  std::function<void(bool)> callback();
  net::Awaitable<bool> take() { return committed_->take(); }
  net::OneShot<bool>& shot() noexcept { return *committed_; }

 private:
  net::Executor executor_;
  std::shared_ptr<net::OneShot<bool>> committed_;
};

}  // namespace tapedeck
