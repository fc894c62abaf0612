#include "daemon/inspect/report.hpp"

#include <filesystem>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "daemon/replay/tape.hpp"
#include "daemon/version.hpp"

namespace tapedeck::inspect {
namespace {

using nlohmann::ordered_json;
using storage::Mode;
using storage::State;

constexpr std::array kModes = {Mode::forward, Mode::tunnel, Mode::intercept,
                               Mode::reverse, Mode::replay, Mode::fetch};
constexpr std::array kEnded = {State::complete, State::failed, State::aborted};

std::uint64_t count_of(const Counters& counters, Mode mode, State state) {
  return counters.exchanges[static_cast<std::size_t>(mode)][static_cast<std::size_t>(state)];
}

std::uint64_t file_size(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

/// Seconds, as Prometheus wants them.
std::string seconds(std::uint64_t microseconds) {
  std::string text = std::to_string(static_cast<double>(microseconds) / 1e6);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

class Metrics {
 public:
  void family(const std::string& name, const char* type, const char* help, const char* unit = "") {
    name_ = "tapedeck_" + name;
    text_ += "# TYPE " + name_ + " " + type + "\n";
    if (*unit != '\0') text_ += "# UNIT " + name_ + " " + std::string(unit) + "\n";
    text_ += "# HELP " + name_ + " " + help + "\n";
  }
  void sample(const std::string& suffix, const std::string& labels, const std::string& value) {
    text_ += name_ + suffix + (labels.empty() ? "" : "{" + labels + "}") + " " + value + "\n";
  }
  void counter(const std::string& name, const char* help, std::uint64_t value,
               const char* unit = "") {
    family(name, "counter", help, unit);
    sample("_total", "", std::to_string(value));
  }
  void gauge(const std::string& name, const char* help, std::uint64_t value,
             const char* unit = "") {
    family(name, "gauge", help, unit);
    sample("", "", std::to_string(value));
  }
  void histogram(const std::string& name, const char* help, const storage::TimeHistogram& times) {
    family(name, "histogram", help, "seconds");
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= storage::TimeHistogram::kBuckets.size(); ++i) {
      below += times.count(i);
      const bool last = i == storage::TimeHistogram::kBuckets.size();
      const auto end = last ? 0 : static_cast<std::uint64_t>(storage::TimeHistogram::kBuckets[i]);
      sample("_bucket", "le=\"" + (last ? "+Inf" : seconds(end)) + "\"", std::to_string(below));
    }
    sample("_sum", "", seconds(times.sum_us()));
    sample("_count", "", std::to_string(below));
  }
  std::string take() { return std::move(text_) + "# EOF\n"; }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace

std::string status_json(const Worker& worker) {
  const Services& services = worker.services;
  const config::Options& options = worker.settings->options;
  ordered_json status = {{"version", kVersion},
                         {"pid", getpid()},
                         {"uptime_s", std::chrono::duration_cast<std::chrono::seconds>(
                                          net::Clock::now() - services.started_at)
                                          .count()},
                         {"mode", options.mode},
                         {"listeners", ordered_json::array()},
                         {"connections", services.connections.load()}};
  for (const net::Endpoint& listener : services.listeners) {
    status["listeners"].push_back("http://" + net::to_string(listener));
  }
  ordered_json& exchanges = status["exchanges"] = ordered_json::object();
  for (const State state : kEnded) {
    std::uint64_t sum = 0;
    for (const Mode mode : kModes) sum += count_of(services.counters, mode, state);
    exchanges[std::string(to_string(state))] = sum;
  }
  if (services.recorder != nullptr) {
    const storage::RecorderStats stats = services.recorder->stats();
    status["log"] = {{"file", options.db},
                     {"bytes", file_size(options.db)},
                     {"wal_bytes", file_size(options.db + "-wal")},
                     {"recorded", stats.exchanges},
                     {"queued_bytes", stats.queued_bytes},
                     {"failed_writes", stats.failed_writes},
                     {"unrecorded", services.health.unrecorded()},
                     {"healthy", services.recorder->healthy()},
                     {"last_error", stats.last_error}};
  }
  if (services.tape != nullptr) {
    const auto [served, missed] = services.tape->counts();
    status["replay"] = {{"served", served}, {"missed", missed}};
  }
  return status.dump();
}

std::string metrics_text(const Worker& worker) {
  const Services& services = worker.services;
  const Counters& counters = services.counters;
  Metrics metrics;
  metrics.family("build", "info", "Which tapedeck this is.");
  metrics.sample("_info", "version=\"" + std::string(kVersion) + "\"", "1");
  metrics.family("exchanges", "counter", "Exchanges that ended, by mode and outcome.");
  for (const Mode mode : kModes) {
    for (const State state : kEnded) {
      metrics.sample("_total",
                     "mode=\"" + std::string(to_string(mode)) + "\",outcome=\"" +
                         std::string(to_string(state)) + "\"",
                     std::to_string(count_of(counters, mode, state)));
    }
  }
  metrics.histogram("exchange_duration_seconds",
                    "From the request head read to the last byte of the response.",
                    counters.durations);
  metrics.counter("request_body_bytes", "Of request bodies.", counters.request_bytes, "bytes");
  metrics.counter("response_body_bytes", "Of response bodies.", counters.response_bytes, "bytes");
  metrics.counter("upstream_connections_opened", "Exchanges that opened one.",
                  counters.connections_opened);
  metrics.counter("upstream_connections_reused", "Exchanges that found one open.",
                  counters.connections_reused);
  metrics.counter("client_connections_refused", "Closed unheard, by who the client is.",
                  counters.turned_away);
  metrics.gauge("client_connections", "Open now.", services.connections.load());
  if (services.recorder != nullptr) {
    const storage::RecorderStats stats = services.recorder->stats();
    metrics.counter("recorded_exchanges", "Rows written.", stats.exchanges);
    metrics.gauge("queue_bytes", "Waiting for the log's writer.", stats.queued_bytes, "bytes");
    metrics.histogram("commit_duration_seconds", "Of the log's transactions, the commit included.",
                      services.recorder->commit_times());
    metrics.histogram("recording_wait_seconds",
                      "What recording added: an exchange waited, its queue being full or a strict "
                      "commit due.",
                      counters.recording_waits);
    metrics.counter("failed_writes", "Transactions that could not be committed.",
                    stats.failed_writes);
    metrics.counter("unrecorded_exchanges", "Gone by while the log could not be written.",
                    services.health.unrecorded());
    metrics.gauge("database_bytes", "Of the log's file.", file_size(worker.settings->options.db),
                  "bytes");
    metrics.gauge("wal_bytes", "Of the log's write-ahead log.",
                  file_size(worker.settings->options.db + "-wal"), "bytes");
  }
  if (services.tape != nullptr) {
    const auto [served, missed] = services.tape->counts();
    metrics.counter("replay_served", "Answers given from the recording.", served);
    metrics.counter("replay_missed", "Requests that nothing recorded answers.", missed);
  }
  return metrics.take();
}

}  // namespace tapedeck::inspect
