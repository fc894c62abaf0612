#include "daemon/daemon.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>
#include <sys/resource.h>
#include <thread>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include "config/option_table.hpp"
#include "config/value.hpp"
#include "daemon/answer.hpp"
#include "daemon/body_limits.hpp"
#include "daemon/intercept/authority.hpp"
#include "daemon/log.hpp"
#include "daemon/replay/tape.hpp"

namespace tapedeck {
namespace {

/// What a daemon needs to end after its last exchange: it writes what is queued and checkpoints.
constexpr std::chrono::seconds kLastWrites(5);

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(sentence)};
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) {
    text.append(text.empty() ? "" : ", ").append(name);
  }
  return text;
}

/// Unique to this process, so that Via tells a loop from a chain of two tapedecks.
std::string make_pseudonym() {
  std::random_device random;
  char id[9];
  std::snprintf(id, sizeof id, "%08x", static_cast<unsigned>(random()));
  return std::string(kProxyName) + "-" + id;
}

/// What is decided by the machine.
void fill_in(config::Options& options) {
  if (options.listen.empty()) options.listen = {"127.0.0.1:8888", "[::1]:8888"};
  if (options.threads == 0) {
    options.threads = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  }
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
  if (auto ok = log::configure(options_.log_level, options_.log_format); !ok) return ok;
  fill_in(options_);
  if (auto ok = check_rules(options_); !ok) return ok;
  auto settings = Settings::make(options_, nullptr);
  if (!settings) return std::move(settings).error();
  settings_ = *std::move(settings);
  services_.pseudonym = make_pseudonym();
  services_.strict = options_.commit == "strict";
  raise_descriptor_limit(options_.limits.max_connections);
  inherited_ = inherited_sockets();
  // A recording that is not there must not be made by looking for it; one that grows must.
  services_.offline = options_.mode == "replay";
  if (services_.offline) {
    if (auto ok = open_tape(); !ok) return ok;
  }
  if (auto ok = open_recorder(); !ok) return ok;
  services_.recorder = recorder_.get();
  if (options_.mode == "auto") {
    if (auto ok = open_tape(); !ok) return ok;
  }
  for (unsigned i = 0; i < options_.threads; ++i) {
    workers_.push_back(std::make_unique<Worker>(services_, settings_));
  }
  if (auto ok = set_retention(); !ok) return ok;
  if (auto ok = open_listeners(); !ok) return ok;
  return open_admin();
}

Result<void> Daemon::set_retention() {
  auto rules = parse_retention(options_.retain);
  if (!rules) return std::move(rules).error();
  if (!recorder_) return {};
  housekeeper_ = std::make_unique<Housekeeper>(workers_.front()->context, *recorder_,
                                               *std::move(rules), options_.limits.retain_interval);
  return {};
}

/// By default beside the log that this daemon writes, and nowhere when it writes none.
Result<void> Daemon::open_admin() {
  std::string where = options_.admin;
  if (where == "off") return {};
  if (where.empty()) where = recorder_ ? default_admin(options_.db) : "";
  if (where.empty()) return {};
  auto admin = Admin::open(where, *workers_.front(), [this] { return reload(); });
  if (!admin) return std::move(admin).error();
  admin_ = *std::move(admin);
  services_.admin = admin_->port();
  log::get(log::Component::accept).info("admin: {}", log::escape(admin_->address()));
  return {};
}

Result<void> Daemon::open_tape() {
  auto tape = Tape::open(options_);
  if (!tape) return std::move(tape).error();
  services_.tape = *std::move(tape);
  services_.pace = config::parse_pace(options_.pace).value_or(0);
  return {};
}

Result<void> Daemon::open_recorder() {
  const config::Options& options = options_;
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
  // Who shares its sockets with a daemon that is stopping takes the log over when that has
  // finished; connections wait in the sockets meanwhile.
  if (!inherited_.empty()) recording.patience = options.limits.shutdown_timeout + kLastWrites;
  auto body_limits = parse_body_limits(options.body_limits);
  if (!body_limits) return std::move(body_limits).error();
  recording.body_limits = *std::move(body_limits);
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
  if (!inherited_.empty()) return adopt_listeners();
  const bool defaults = options_.listen.size() == 2 && options_.listen[1] == "[::1]:8888" &&
                        options_.listen[0] == "127.0.0.1:8888";
  for (const std::string& address : options_.listen) {
    auto endpoint = parse_endpoint(address);
    if (!endpoint) return std::move(endpoint).error();
    auto opened = add(Listener::open(*endpoint, Entrance::proxy, workers_));
    // A host without IPv6 still has its other default listener.
    const bool dispensable = defaults && endpoint->address().is_v6();
    if (!opened && !(dispensable && opened.error().code == std::errc::address_not_available)) {
      return opened;
    }
  }
  for (const std::string& named : options_.session_listen) {
    const std::size_t equals = named.rfind('=');
    auto endpoint = parse_endpoint(named.substr(equals + 1));
    if (!endpoint) return std::move(endpoint).error();
    if (auto ok = add(Listener::open(*endpoint, Entrance::proxy, workers_)); !ok) return ok;
    services_.listener_sessions[listeners_.back()->endpoint().port()] = named.substr(0, equals);
  }
  for (const std::string& address : options_.gateway) {
    auto endpoint = parse_endpoint(address);
    if (!endpoint) return std::move(endpoint).error();
    if (auto ok = add(Listener::open(*endpoint, Entrance::gateway, workers_)); !ok) return ok;
  }
  return {};
}

/// A socket unit names those of the gateway so; all others are the proxy's.
Result<void> Daemon::adopt_listeners() {
  for (const Inherited& socket : std::exchange(inherited_, {})) {
    const Entrance entrance = socket.name == "gateway" ? Entrance::gateway : Entrance::proxy;
    if (auto ok = add(Listener::adopt(socket.descriptor, entrance, workers_)); !ok) return ok;
  }
  return {};
}

Result<void> Daemon::add(Result<std::unique_ptr<Listener>> listener) {
  if (!listener) return std::move(listener).error();
  const net::Endpoint endpoint = (*listener)->endpoint();
  const bool gateway = (*listener)->entrance() == Entrance::gateway;
  if (!endpoint.address().is_loopback()) {
    // A gateway's clients have no way to say who they are.
    if (settings_->clients.empty() && (gateway || settings_->credentials == nullptr)) {
      return wrong("listening on " + net::to_string(endpoint) +
                   " would let anybody in: say who may come with " +
                   (gateway ? "" : "--proxy-auth FILE or ") + "--allow-client ADDR/PREFIX");
    }
    log::get(log::Component::accept)
        .warn("listening on {}: other machines reach this proxy", net::to_string(endpoint));
  }
  if (gateway) {
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
  heap_trimmer_ = std::make_unique<HeapTrimmer>(first);
  heap_trimmer_->start();
  manager_ = std::make_unique<ServiceManager>(first);
  manager_->ready(status());
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
                 std::to_string(lost) + " exchanges were not written to " + options_.db + ": " +
                     recorder_->stats().last_error};
}

void Daemon::heed_signals() {
  signals_ = std::make_unique<asio::signal_set>(workers_.front()->context, SIGTERM, SIGINT, SIGHUP);
  await_signal();
}

void Daemon::await_signal() {
  signals_->async_wait([this](std::error_code error, int number) {
    if (!error) on_signal(number);
  });
}

void Daemon::on_signal(int number) {
  if (number == SIGHUP) {
    (void)reload();  // it says itself what came of it
    return await_signal();
  }
  log::get(log::Component::accept)
      .info("signal {}: {}", number, stopping_ ? "cutting" : "stopping");
  await_signal();
  if (stopping_) {
    cut();
  } else {
    wind_down();
  }
}

Result<Reloaded> Daemon::reload() {
  manager_->reloading();
  auto reloaded = try_reload();
  manager_->ready(status());
  spdlog::logger& log = log::get(log::Component::accept);
  if (!reloaded) {
    log.error("reload: {}; what was in force stays so", log::escape(reloaded.error().detail));
    return reloaded;
  }
  log.info("reload: {}",
           reloaded->changed.empty() ? "nothing changed" : "changed " + joined(reloaded->changed));
  if (!reloaded->need_restart.empty()) {
    log.warn("reload: a restart is needed for {}", joined(reloaded->need_restart));
  }
  return reloaded;
}

Result<Reloaded> Daemon::try_reload() {
  if (!source_) return wrong("this proxy belongs to one command and reads no configuration again");
  auto read = source_();
  if (!read) return std::move(read).error();
  config::Options options = *std::move(read);
  fill_in(options);
  Reloaded reloaded;
  for (const config::Option& option : config::option_table()) {
    const auto before = option.get(options_);
    if (option.get(options) == before) continue;
    (option.live ? reloaded.changed : reloaded.need_restart).push_back(option.name);
    if (!option.live) option.assign(options, before);
  }
  auto retention = parse_retention(options.retain);
  if (!retention) return std::move(retention).error();
  auto settings = Settings::make(options, settings_.get());
  if (!settings) return std::move(settings).error();
  if (auto ok = log::configure(options.log_level, options.log_format); !ok)
    return std::move(ok).error();
  settings_ = *std::move(settings);
  options_ = std::move(options);
  for (const auto& worker : workers_) {
    asio::post(worker->context,
               [worker = worker.get(), settings = settings_] { worker->renew(settings); });
  }
  if (housekeeper_) housekeeper_->follow(*std::move(retention), options_.limits.retain_interval);
  return reloaded;
}

std::string Daemon::status() const {
  return recorder_ ? "recording into " + options_.db : "recording nothing";
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
  patience_->expires_after(options_.limits.shutdown_timeout);
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
