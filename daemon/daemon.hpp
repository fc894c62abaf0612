#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <asio/signal_set.hpp>

#include "config/options.hpp"
#include "daemon/accept/listener.hpp"
#include "daemon/heap_trimmer.hpp"
#include "daemon/housekeeper.hpp"
#include "daemon/inspect/admin.hpp"
#include "daemon/reload.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/worker.hpp"
#include "storage/recorder.hpp"

namespace tapedeck {

/// The whole proxy between start and stop: recorder, workers, listeners.
class Daemon {
 public:
  explicit Daemon(config::Options options) : options_(std::move(options)) {}

  /// Opens the log and the listeners; connections wait in the backlog until run().
  Result<void> start();
  /// Where it listens, the proxy's doors before the gateways'. After start().
  const std::vector<net::Endpoint>& endpoints() const noexcept { return services_.listeners; }
  /// What clients must trust; null when nothing is intercepted. After start().
  const Authority* authority() const noexcept { return settings_->authority.get(); }
  /// Stops on SIGTERM and SIGINT, the first in order, a second at once; SIGHUP reloads. Call before
  /// run().
  void heed_signals();
  /// Where reload() gets the configuration from. Before run().
  void reload_from(std::function<Result<config::Options>()> source) { source_ = std::move(source); }
  /// What the recording answered and what it could not; null but in replay and auto. After start().
  Tape* tape() const noexcept { return services_.tape.get(); }
  /// Serves on this thread and others until stopped, then closes the log. Fails with
  /// Stage::record when exchanges could not be written to it.
  Result<void> run();
  /// Reads the configuration again: what begins from now on goes by it. Where something in it is
  /// wrong nothing changes. On the first worker's thread.
  Result<Reloaded> reload();
  /// Accepts no more, lets exchanges finish for shutdown_timeout, then cuts. Any thread.
  void stop();

 private:
  Result<Reloaded> try_reload();
  std::string status() const;
  Result<void> open_recorder();
  Result<void> set_retention();
  Result<void> open_tape();
  Result<void> open_listeners();
  Result<void> adopt_listeners();
  Result<void> open_admin();
  Result<void> add(Result<std::unique_ptr<Listener>> listener);
  void await_signal();
  void on_signal(int number);
  void wind_down();
  void cut();
  void stop_when_done();

  config::Options options_;
  std::function<Result<config::Options>()> source_;
  std::shared_ptr<const Settings> settings_;
  std::vector<Inherited> inherited_;  ///< until listeners_ have them
  Services services_;
  std::unique_ptr<storage::Recorder> recorder_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<Housekeeper> housekeeper_;  ///< null when nothing is recorded
  std::unique_ptr<HeapTrimmer> heap_trimmer_;
  std::unique_ptr<ServiceManager> manager_;
  std::unique_ptr<asio::signal_set> signals_;
  std::unique_ptr<net::Timer> patience_;
  bool stopping_ = false;
};

}  // namespace tapedeck
