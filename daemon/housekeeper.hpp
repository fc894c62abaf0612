#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "client/http/result.hpp"
#include "client/net/types.hpp"
#include "storage/keep/retention.hpp"
#include "storage/recorder.hpp"

namespace tapedeck {

/// What --retain says: `[TERM… ]age=30d`, `size=2GiB` or both, TERM being a filter's. Fails with
/// Stage::configure and a sentence that names the rule.
Result<std::vector<storage::RetentionRule>> parse_retention(const std::vector<std::string>& rules);

/// Has what no --retain rule keeps removed from the log: at once, and again and again. Without
/// rules it only waits for some.
class Housekeeper {
 public:
  /// `context` and `recorder` must outlive it, and `recorder` be closed before it goes.
  Housekeeper(asio::io_context& context, storage::Recorder& recorder,
              std::vector<storage::RetentionRule> rules, std::chrono::milliseconds interval);
  /// On the context's thread, or before it runs.
  void start();
  /// Goes by these from now on. On the context's thread.
  void follow(std::vector<storage::RetentionRule> rules, std::chrono::milliseconds interval);

 private:
  void wait();

  asio::io_context& context_;
  storage::Recorder& recorder_;
  std::vector<storage::RetentionRule> rules_;
  std::chrono::milliseconds interval_;
  net::Timer timer_;  ///< runs unless the recorder is at work
};

}  // namespace tapedeck
