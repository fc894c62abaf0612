#include <csignal>
#include <iostream>
#include <thread>

#include "config/load.hpp"
#include "daemon/cli/child.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/cli/run/environment.hpp"
#include "daemon/cli/run/kit.hpp"
#include "daemon/daemon.hpp"
#include "daemon/intercept/authority.hpp"
#include "daemon/replay/report.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

/// What shells answer when a command is not there, or may not be run.
constexpr int kNotFound = 127;
constexpr int kNotRunnable = 126;

/// The signals that concern the command more than us, blocked here and in every thread.
class Signals {
 public:
  Signals() {
    sigemptyset(&ours_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) sigaddset(&ours_, number);
    pthread_sigmask(SIG_BLOCK, &ours_, &before_);
  }
  ~Signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  const sigset_t& before() const noexcept { return before_; }

  /// Passes signals on to the command until it has ended.
  void pass_to(Child& child) const {
    while (!child.ended()) {
      siginfo_t facts{};
      const int number = sigwaitinfo(&ours_, &facts);
      // What the terminal sends, it sends to the command as well.
      if (number > 0 && number != SIGCHLD && facts.si_code != SI_KERNEL) child.signal(number);
    }
  }

 private:
  sigset_t ours_;
  sigset_t before_;
};

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

/// "recorded 12 exchanges (1 not complete) in session 'NAME' of FILE".
void print_recorded(const config::Options& options) {
  auto log = storage::open_log(options.db);
  if (!log) return;
  storage::Statement count = (*log)->prepare(
      "SELECT s.name, count(e.id), coalesce(sum(e.state <> 'complete'), 0) FROM session s "
      "LEFT JOIN exchange e ON e.session_id = s.id AND e.mode <> 'replay' "
      "WHERE s.id = (SELECT max(id) FROM session)");
  if (!count.step()) return;
  const std::int64_t all = count.integer(1);
  const std::int64_t failed = count.integer(2);
  std::cerr << "tapedeck: recorded " << all << (all == 1 ? " exchange" : " exchanges");
  if (failed > 0) std::cerr << " (" << failed << " not complete)";
  std::cerr << " in session '" << harmless(std::string(count.text(0))) << "' of "
            << harmless(options.db) << std::endl;
}

/// Says what was recorded and replayed; kFailed when the recording did not do.
int conclude(const config::Options& options, const Daemon& daemon, bool strict) {
  const bool records = options.record != "none" && options.mode != "pass";
  if (records && options.mode != "replay") print_recorded(options);
  if (daemon.tape() == nullptr) return kDone;
  const Tape::Summary summary = daemon.tape()->summary();
  for (const std::string& line : replay_report(summary, strict)) {
    std::cerr << "tapedeck: " << line << std::endl;
  }
  return summary.missed > 0 || (strict && (summary.unused > 0 || summary.unread)) ? kFailed : kDone;
}

int run_command(config::Options options, const std::vector<std::string>& command, bool strict) {
  std::signal(SIGPIPE, SIG_IGN);
  if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
  // The terminal is the command's.
  if (options.log_level.empty()) options.log_level = {"warning"};
  options.command = joined(command);
  const Signals signals;
  Daemon daemon(options);
  if (auto ok = daemon.start(); !ok) return complain(ok.error());
  const net::Endpoint& proxy = daemon.endpoints().front();
  const bool trust = daemon.authority() != nullptr;
  auto kit = Kit::write("http://" + net::to_string(proxy),
                        trust ? daemon.authority()->certificate_pem() : "");
  if (!kit) return complain(kit.error());
  const auto environment = proxied_environment(
      {proxy, kit->files(), trust ? Authority::certificate_file(options.ca_dir) : ""});
  Result<void> served;
  std::thread serving([&] { served = daemon.run(); });
  std::error_code error;
  Child child = Child::start(command, environment, signals.before(), error);
  if (!error) signals.pass_to(child);
  daemon.stop();
  serving.join();
  if (error) {
    return complain("run", command.front() + ": " + error.message(),
                    error == std::errc::no_such_file_or_directory ? kNotFound : kNotRunnable);
  }
  const int status = child.wait();
  if (!served) {
    const int lost = complain(served.error());
    return status == 0 ? lost : status;
  }
  const int concluded = conclude(options, daemon, strict);
  return status == 0 ? concluded : status;
}

}  // namespace

void add_run(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const run = app.add_subcommand("run", "run a command and record what it sends");
  run->footer(
      "A proxy of its own on a free port, with the environment that makes programs use it and\n"
      "trust its CA. Exits as the command does; 127 when there is no such command; 1 when it\n"
      "succeeded but asked for something that is not in the recording (--mode replay).\n"
      "Examples:\n"
      "  tapedeck run -- curl https://api.example.com/\n"
      "  tapedeck run --db api.tape --session tests -- pytest -q\n"
      "  tapedeck run --db api.tape --session tests --mode replay -- pytest -q");
  const auto command = std::make_shared<std::vector<std::string>>();
  run->add_option("COMMAND", *command, "after --: the command and its arguments")->type_name("");
  const auto strict = std::make_shared<bool>(false);
  run->add_flag("--strict", *strict, "replay: fail too when something recorded was not asked for");
  const auto given = add_serve_options(*run);
  run->callback([given, command, strict, &common, &chosen] {
    chosen = [given, command, strict, &common] {
      if (command->empty()) {
        return complain("usage", "run needs a command: tapedeck run -- COMMAND", kWrongUsage);
      }
      auto options = common.load(*given);
      if (!options) return complain(options.error());
      return run_command(*std::move(options), *command, *strict);
    };
  });
}

}  // namespace tapedeck::cli
