#include "daemon/daemon.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>
#include <sys/resource.h>
#include <thread>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "config/value.hpp"
#include "daemon/answer.hpp"
#include "daemon/fault/faults.hpp"
#include "daemon/intercept/authority.hpp"
#include "daemon/log.hpp"
#include "daemon/replay/tape.hpp"

namespace tapedeck {
namespace {

http::Limits http_limits(const config::Limits& limits) {
  http::Limits http;
  http.max_start_line = limits.max_request_line;
  http.max_head_size = limits.max_head_size;
  http.max_fields = limits.max_header_count;
  return http;
}

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(sentence)};
}

/// Unique to this process, so that Via tells a loop from a chain of two tapedecks.
std::string make_pseudonym() {
  std::random_device random;
  char id[9];
  std::snprintf(id, sizeof id, "%08x", static_cast<unsigned>(random()));
  return std::string(kProxyName) + "-" + id;
}

/// Two descriptors a connection and some to spare; warns when the hard limit is short of that.
void raise_descriptor_limit(std::size_t max_connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = 2 * max_connections + 256;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    log::get(log::Component::accept)
        .warn("{} open files are allowed, {} are needed for max_connections = {}", limit.rlim_cur,
              wanted, max_connections);
  }
}

}  // namespace

Result<void> Daemon::start() {
  config::Options& options = services_.options;
  if (auto ok = log::configure(options.log_level); !ok) return ok;
  services_.http_limits = http_limits(options.limits);
  services_.pseudonym = make_pseudonym();
  if (auto ok = set_reverse(options.reverse); !ok) return ok;
  if (auto ok = set_trust(); !ok) return ok;
  if (auto ok = set_faults(); !ok) return ok;
  if (auto ok = open_authority(); !ok) return ok;
  services_.strict = options.commit == "strict";
  if (options.listen.empty()) options.listen = {"127.0.0.1:8888", "[::1]:8888"};
  if (options.threads == 0) {
    options.threads = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  }
  raise_descriptor_limit(options.limits.max_connections);
  // A recording that is not there must not be made by looking for it; one that grows must.
  services_.offline = options.mode == "replay";
  if (services_.offline) {
    if (auto ok = open_tape(); !ok) return ok;
  }
  if (auto ok = open_recorder(); !ok) return ok;
  services_.recorder = recorder_.get();
  if (options.mode == "auto") {
    if (auto ok = open_tape(); !ok) return ok;
  }
  for (unsigned i = 0; i < options.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(services_));
  }
  if (auto ok = set_retention(); !ok) return ok;
  if (auto ok = open_listeners(); !ok) return ok;
  return open_admin();
}

Result<void> Daemon::set_retention() {
  auto rules = parse_retention(services_.options.retain);
  if (!rules) return std::move(rules).error();
  if (rules->empty() || !recorder_) return {};
  housekeeper_ =
      std::make_unique<Housekeeper>(workers_.front()->context, *recorder_, *std::move(rules),
                                    services_.options.limits.retain_interval);
  return {};
}

/// By default beside the log that this daemon writes, and nowhere when it writes none.
Result<void> Daemon::open_admin() {
  std::string where = services_.options.admin;
  if (where == "off") return {};
  if (where.empty()) where = recorder_ ? default_admin(services_.options.db) : "";
  if (where.empty()) return {};
  auto admin = Admin::open(where, *workers_.front());
  if (!admin) return std::move(admin).error();
  admin_ = *std::move(admin);
  log::get(log::Component::accept).info("admin: {}", log::escape(admin_->address()));
  return {};
}

/// Checks --reverse as far as it can be without connecting.
Result<void> Daemon::set_reverse(const std::string& text) {
  if (text.empty()) return {};
  auto url = http::parse_url(text);
  if (!url) return wrong("reverse: " + url.error().detail);
  if (url->port() == 0) return wrong("reverse: port 0 is nowhere");
  if (url->query) return wrong("reverse: a query has no place in a base URL");
  services_.reverse = *std::move(url);
  return {};
}

Result<void> Daemon::set_trust() {
  auto trust = Trust::open(services_.options);
  if (!trust) return std::move(trust).error();
  services_.trust = *std::move(trust);
  return {};
}

Result<void> Daemon::set_faults() {
  const config::Options& options = services_.options;
  if (options.faults.empty()) return {};
  auto faults = Faults::parse(options.faults, options.limits.fault_seed);
  if (!faults) return std::move(faults).error();
  services_.faults = *std::move(faults);
  log::get(log::Component::forward)
      .warn("{} fault rules are in force, seed {}", options.faults.size(),
            options.limits.fault_seed);
  return {};
}

/// Nothing is intercepted, and no CA needed, with --passthrough '*'.
Result<void> Daemon::open_authority() {
  const config::Options& options = services_.options;
  for (const std::string& pattern : options.passthrough) {
    if (pattern == "*") return {};
  }
  auto authority = Authority::open(options.ca_dir);
  if (!authority) return std::move(authority).error();
  services_.authority = *std::move(authority);
  services_.acceptor = std::make_shared<net::TlsAcceptor>();
  return {};
}

Result<void> Daemon::open_tape() {
  auto tape = Tape::open(services_.options);
  if (!tape) return std::move(tape).error();
  services_.tape = *std::move(tape);
  services_.pace = config::parse_pace(services_.options.pace).value_or(0);
  return {};
}

Result<void> Daemon::open_recorder() {
  const config::Options& options = services_.options;
  if (options.record == "none" || options.mode == "pass") return {};
  storage::RecorderOptions recording;
  recording.path = options.db;
  recording.session_name = options.session;
  // What is replayed is no recording: it must not be taken for one by its name.
  if (options.mode == "replay" && !options.session.empty()) recording.session_name += " (replay)";
  recording.command = options.command;
  recording.commit = services_.strict ? storage::Commit::strict : storage::Commit::batched;
  recording.keep = options.record == "heads" ? storage::Keep::heads : storage::Keep::all;
  recording.queue_budget = options.limits.queue_budget;
  recording.redact = options.redact;
  recording.redact_limit = options.limits.redact_body_limit;
  auto opened = storage::Recorder::open(std::move(recording));
  if (!opened) return std::move(opened).error();
  recorder_ = *std::move(opened);
  services_.health.watch(*recorder_, options.on_storage_failure == "pass"
                                         ? LogHealth::Policy::pass
                                         : LogHealth::Policy::refuse);
  return {};
}

/// Those that a service manager made take the place of --listen and --gateway.
Result<void> Daemon::open_listeners() {
  if (auto sockets = inherited_sockets(); !sockets.empty()) {
    return adopt_listeners(std::move(sockets));
  }
  const bool defaults = services_.options.listen.size() == 2 &&
                        services_.options.listen[1] == "[::1]:8888" &&
                        services_.options.listen[0] == "127.0.0.1:8888";
  for (const std::string& address : services_.options.listen) {
    auto endpoint = parse_endpoint(address);
    if (!endpoint) return std::move(endpoint).error();
    auto opened = add(Listener::open(*endpoint, Entrance::proxy, workers_));
    // A host without IPv6 still has its other default listener.
    const bool dispensable = defaults && endpoint->address().is_v6();
    if (!opened && !(dispensable && opened.error().code == std::errc::address_not_available)) {
      return opened;
    }
  }
  for (const std::string& address : services_.options.gateway) {
    auto endpoint = parse_endpoint(address);
    if (!endpoint) return std::move(endpoint).error();
    if (auto ok = add(Listener::open(*endpoint, Entrance::gateway, workers_)); !ok) return ok;
  }
  return {};
}

/// A socket unit names those of the gateway so; all others are the proxy's.
Result<void> Daemon::adopt_listeners(std::vector<Inherited> sockets) {
  for (const Inherited& socket : sockets) {
    const Entrance entrance = socket.name == "gateway" ? Entrance::gateway : Entrance::proxy;
    if (auto ok = add(Listener::adopt(socket.descriptor, entrance, workers_)); !ok) return ok;
    const net::Endpoint& endpoint = services_.listeners.back();
    if (!endpoint.address().is_loopback()) {
      return wrong("inherited socket " + net::to_string(endpoint) +
                   ": only loopback addresses are listened on");
    }
  }
  return {};
}

Result<void> Daemon::add(Result<std::unique_ptr<Listener>> listener) {
  if (!listener) return std::move(listener).error();
  const net::Endpoint endpoint = (*listener)->endpoint();
  if ((*listener)->entrance() == Entrance::gateway) {
    log::get(log::Component::accept)
        .info("gateway: base URL http://{}/https/HOST", net::to_string(endpoint));
  }
  services_.listeners.push_back(endpoint);
  listeners_.push_back(*std::move(listener));
  return {};
}

Result<void> Daemon::run() {
  asio::io_context& first = workers_.front()->context;
  for (const auto& listener : listeners_) {
    asio::co_spawn(first, listener->run(), asio::detached);
  }
  if (admin_) asio::co_spawn(first, admin_->run(), asio::detached);
  if (housekeeper_) housekeeper_->start();
  manager_ = std::make_unique<ServiceManager>(first);
  manager_->ready("recording into " + (recorder_ ? services_.options.db : "nothing"));
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    threads.emplace_back([worker = workers_[i].get()] {
      const auto alive = asio::make_work_guard(worker->context);
      worker->context.run();
    });
  }
  const auto alive = asio::make_work_guard(first);
  first.run();
  threads.clear();
  if (!recorder_) return {};
  (void)services_.health.refusal();  // a gap that has ended is written
  const std::size_t lost = recorder_->close();
  if (lost == 0) return {};
  return Failure{std::make_error_code(std::errc::io_error), Stage::record, Blame::local,
                 std::to_string(lost) + " exchanges were not written to " + services_.options.db +
                     ": " + recorder_->stats().last_error};
}

void Daemon::stop_on_signals() {
  signals_ = std::make_unique<asio::signal_set>(workers_.front()->context, SIGTERM, SIGINT);
  await_signal();
}

void Daemon::await_signal() {
  signals_->async_wait([this](std::error_code error, int number) {
    if (!error) on_signal(number);
  });
}

void Daemon::on_signal(int number) {
  log::get(log::Component::accept)
      .info("signal {}: {}", number, stopping_ ? "cutting" : "stopping");
  await_signal();
  if (stopping_) {
    cut();
  } else {
    wind_down();
  }
}

void Daemon::stop() {
  asio::post(workers_.front()->context, [this] { wind_down(); });
}

void Daemon::wind_down() {
  stopping_ = true;
  manager_->stopping();
  for (const auto& listener : listeners_) listener->close();
  if (admin_) admin_->close();
  for (const auto& worker : workers_) {
    asio::post(worker->context, [this, worker = worker.get()] {
      const auto look = [this] {
        asio::post(workers_.front()->context, [this] { stop_when_done(); });
      };
      worker->when_session_ends(look);
      worker->wind_down();
      // Once more from here: the last session may have ended before anybody listened for it.
      look();
    });
  }
  patience_ = std::make_unique<net::Timer>(workers_.front()->context);
  patience_->expires_after(services_.options.limits.shutdown_timeout);
  patience_->async_wait([this](std::error_code error) {
    if (!error) cut();
  });
}

void Daemon::cut() {
  for (const auto& worker : workers_) {
    asio::post(worker->context, [worker = worker.get()] { worker->cut(); });
  }
}

/// Every loop ends once no session is left anywhere.
void Daemon::stop_when_done() {
  if (services_.connections.load() > 0) return;
  for (const auto& worker : workers_) worker->context.stop();
}

}  // namespace tapedeck
