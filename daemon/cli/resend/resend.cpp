#include <csignal>
#include <exception>
#include <mutex>
#include <thread>

#include "daemon/cli/command.hpp"
#include "daemon/cli/resend/interrupt.hpp"
#include "daemon/cli/resend/job.hpp"
#include "daemon/cli/resend/plan.hpp"
#include "daemon/cli/resend/report.hpp"
#include "daemon/cli/resend/sender.hpp"
#include "daemon/cli/resend/turns.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::resend {
namespace {

/// Null when nothing is to be recorded.
Result<std::unique_ptr<storage::Recorder>> open_recorder(const config::Options& options) {
  if (options.record == "none") return std::unique_ptr<storage::Recorder>();
  storage::RecorderOptions recorder;
  recorder.path = options.db;
  recorder.session_name = options.session;
  recorder.command = options.command;
  recorder.commit = options.commit == "strict" ? storage::Commit::strict : storage::Commit::batched;
  recorder.keep = options.record == "heads" ? storage::Keep::heads : storage::Keep::all;
  recorder.queue_budget = options.limits.queue_budget;
  recorder.redact = options.redact;
  recorder.redact_limit = options.limits.redact_body_limit;
  auto opened = storage::Recorder::open(std::move(recorder));
  if (!opened) opened.error().detail += "; --record none sends without recording";
  return opened;
}

/// One thread's share: it takes turns until there are none.
class Worker {
 public:
  Worker(const Job& job, const Trust& trust, storage::Recorder* recorder, const Plan& plan,
         Turns& turns, Report& report, std::mutex& mutex)
      : job_(job),
        trust_(trust),
        recorder_(recorder),
        plan_(plan),
        turns_(turns),
        report_(report),
        mutex_(mutex) {}

  Result<void> run() {
    auto log = storage::open_log(job_.options.db);
    if (!log) return std::move(log).error();
    Sender sender(job_, trust_, **log, recorder_);
    while (const auto turn = turns_.next()) {
      const auto resent = sender.send(plan_.ids[*turn % plan_.ids.size()]);
      if (!resent) continue;
      const std::lock_guard lock(mutex_);
      report_.add(*resent);
      if (report_.reader_gone()) break;
    }
    return {};
  }

 private:
  const Job& job_;
  const Trust& trust_;
  storage::Recorder* recorder_;
  const Plan& plan_;
  Turns& turns_;
  Report& report_;
  std::mutex& mutex_;  ///< the report's
};

/// Sends all of the plan; fails as the first thread that did.
Result<void> send_all(const Job& job, const Trust& trust, storage::Recorder* recorder,
                      const Plan& plan, Report& report) {
  const Interrupt interrupt;
  Turns turns(plan.ids.size() * job.repeat, job.rate, interrupt);
  std::mutex mutex;
  Result<void> done;
  std::exception_ptr thrown;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < job.concurrency; ++i) {
    threads.emplace_back([&] {
      try {
        auto ended = Worker(job, trust, recorder, plan, turns, report, mutex).run();
        const std::lock_guard lock(mutex);
        if (!ended && done) done = std::move(ended);
      } catch (...) {
        const std::lock_guard lock(mutex);
        thrown = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (thrown) std::rethrow_exception(thrown);
  return done;
}

}  // namespace

int run(const Job& job) {
  const auto trust = Trust::open(job.options);
  if (!trust) return cli::complain(trust.error());
  // Before anything is made, the log must be there.
  auto log = storage::open_log(job.options.db);
  if (!log) return cli::complain(log.error());
  const Plan plan = make_plan(**log, job.filter);
  auto recorder = open_recorder(job.options);
  if (!recorder) return cli::complain(recorder.error());
  auto report = Report::open(job);
  if (!report) return cli::complain(report.error());
  report->add_skipped(plan);
  Result<void> sent;
  const std::size_t planned = plan.ids.size() * job.repeat;
  if (planned > 0) sent = send_all(job, *trust, recorder->get(), plan, *report);
  const std::size_t lost = *recorder ? (*recorder)->close() : 0;
  // What was done is in the log: now the end is that of every command whose reader left.
  if (report->reader_gone()) std::raise(SIGPIPE);
  if (auto ok = report->finish(planned); !ok) return cli::complain(ok.error());
  if (!sent) return cli::complain(sent.error());
  if (lost > 0) {
    return cli::complain("record", std::to_string(lost) + " exchanges could not be written",
                         cli::kFailed);
  }
  if (planned == 0) {
    return cli::complain("replay",
                         "no recorded request to send again, copies left aside; see tapedeck ls",
                         cli::kFailed);
  }
  return report->all_same() && report->sent() == planned ? cli::kDone : cli::kFailed;
}

}  // namespace tapedeck::resend
