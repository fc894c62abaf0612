#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "daemon/cli/resend/job.hpp"
#include "daemon/cli/resend/junit.hpp"
#include "daemon/cli/resend/latency.hpp"
#include "daemon/cli/resend/plan.hpp"
#include "daemon/cli/resend/sender.hpp"

namespace tapedeck::resend {

/// Tells what came of it: a line an exchange as they end, then the endpoints, then the sum. One
/// thread at a time.
class Report {
 public:
  /// Fails when the JUnit file cannot be made.
  static Result<Report> open(const Job& job);

  void add_skipped(const Plan& plan);
  void add(const Resent& resent);
  /// `planned`: how many were to be sent; fewer were when we were interrupted. Fails when the JUnit
  /// file could not be written.
  Result<void> finish(std::size_t planned);

  std::size_t sent() const noexcept { return counts_[0] + counts_[1] + counts_[2]; }
  /// Nobody reads what we print any more.
  bool reader_gone() const noexcept { return reader_gone_; }
  /// Every answer was the recorded one.
  bool all_same() const noexcept { return sent() == count(Resent::Verdict::same); }

 private:
  Report(const Job& job, std::optional<Junit> junit) : job_(job), junit_(std::move(junit)) {}
  std::size_t count(Resent::Verdict verdict) const noexcept {
    return counts_[static_cast<std::size_t>(verdict)];
  }
  void print_line(const Resent& resent) const;
  void print_json(const Resent& resent) const;
  void print_endpoints() const;
  void print_sum(std::size_t planned) const;

  const Job& job_;
  std::optional<Junit> junit_;
  Latency latency_;
  std::array<std::size_t, 3> counts_{};  ///< by Resent::Verdict
  std::size_t skipped_ = 0;
  bool reader_gone_ = false;
};

}  // namespace tapedeck::resend
