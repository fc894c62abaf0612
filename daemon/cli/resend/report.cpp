#include "daemon/cli/resend/report.hpp"

#include <array>
#include <cerrno>
#include <iostream>

#include <nlohmann/json.hpp>

#include "daemon/cli/compare/differences.hpp"

namespace tapedeck::resend {
namespace {

using cli::harmless;
using cli::human_duration;
using cli::padded_left;
using cli::padded_right;
using cli::Style;
using cli::styled;
using nlohmann::ordered_json;

/// Endpoints told; the others are counted.
constexpr std::size_t kToldEndpoints = 50;

/// How each Resent::Verdict is told, in its order.
struct Told {
  std::string_view word;
  Style style;
  Junit::Outcome junit;
};
constexpr std::array<Told, 3> kVerdicts = {{{"same", Style::good, Junit::Outcome::passed},
                                            {"differs", Style::warning, Junit::Outcome::failed},
                                            {"failed", Style::bad, Junit::Outcome::error}}};

std::string status_of(const storage::ComparedResponse& response) {
  return response.status == 0 ? "-" : std::to_string(response.status);
}

std::string times(const std::optional<Latency::Percentiles>& found) {
  if (!found) return padded_left("-", 23);
  return padded_left(human_duration(found->p50_us), 7) + " " +
         padded_left(human_duration(found->p95_us), 7) + " " +
         padded_left(human_duration(found->p99_us), 7);
}

ordered_json times_json(const std::optional<Latency::Percentiles>& found) {
  if (!found) return nullptr;
  return {{"p50_us", found->p50_us}, {"p95_us", found->p95_us}, {"p99_us", found->p99_us}};
}

}  // namespace

Result<Report> Report::open(const Job& job) {
  if (job.junit_file.empty()) return Report(job, std::nullopt);
  auto junit = Junit::create(job.junit_file);
  if (!junit) return std::move(junit).error();
  return Report(job, *std::move(junit));
}

void Report::add_skipped(const Plan& plan) {
  skipped_ = plan.skipped_count;
  for (const Plan::Skipped& one : plan.skipped) {
    if (junit_) junit_->add_skipped(std::to_string(one.id) + " " + one.what, one.why);
    if (job_.json) {
      std::cout << cli::json_line(
          {{"kind", "skipped"}, {"id", one.id}, {"what", one.what}, {"why", one.why}});
    } else {
      std::cout << padded_left(std::to_string(one.id), 6) << " skipped  " << harmless(one.what)
                << ": " << one.why << '\n';
    }
  }
  if (!job_.json && plan.skipped.size() < plan.skipped_count) {
    std::cout << "… and " << plan.skipped_count - plan.skipped.size() << " more skipped\n";
  }
}

void Report::add(const Resent& resent) {
  const Resent::Verdict verdict = resent.verdict();
  const bool failed = verdict == Resent::Verdict::failed;
  ++counts_[static_cast<std::size_t>(verdict)];
  const std::string endpoint = endpoint_of(resent.before.method, resent.url);
  if (!failed) latency_.add(endpoint, resent.total_us, resent.before.total_us);
  if (junit_) {
    const std::string name =
        std::to_string(resent.before.id) + " " + resent.before.method + " " + resent.url;
    junit_->add(endpoint, name, resent.total_us, kVerdicts[static_cast<std::size_t>(verdict)].junit,
                failed ? resent.failure : cli::differences_text(resent.comparison));
  }
  if (job_.json) {
    print_json(resent);
  } else {
    print_line(resent);
  }
  // Who waits for the next line has all there is.
  errno = 0;
  std::cout.flush();
  reader_gone_ = !std::cout.good() && errno == EPIPE;
}

void Report::print_line(const Resent& resent) const {
  const Told& told = kVerdicts[static_cast<std::size_t>(resent.verdict())];
  std::cout << padded_left(std::to_string(resent.before.id), 6) << ' '
            << styled(job_.terminal, told.style, padded_right(told.word, 7)) << ' '
            << padded_left(status_of(resent.after), 3) << ' '
            << padded_left(human_duration(resent.total_us), 7) << ' '
            << harmless(resent.before.method + " " + resent.url) << '\n';
  if (resent.verdict() == Resent::Verdict::failed) {
    std::cout << "    " << harmless(resent.failure) << '\n';
  } else {
    std::cout << cli::differences_text(resent.comparison, job_.terminal);
  }
}

void Report::print_json(const Resent& resent) const {
  ordered_json object = {{"kind", "exchange"},
                         {"id", resent.before.id},
                         {"method", resent.before.method},
                         {"url", resent.url},
                         {"status", nullptr},
                         {"recorded_status", nullptr},
                         {"total_us", resent.total_us},
                         {"recorded_total_us", nullptr}};
  if (resent.after.status != 0) object["status"] = resent.after.status;
  if (resent.before.response.status != 0) object["recorded_status"] = resent.before.response.status;
  if (resent.before.total_us) object["recorded_total_us"] = *resent.before.total_us;
  if (!resent.failure.empty()) object["failure"] = resent.failure;
  cli::add_differences(resent.comparison, object);
  std::cout << cli::json_line(object);
}

void Report::print_endpoints() const {
  const auto& endpoints = latency_.endpoints();
  if (!job_.json && !endpoints.empty()) {
    std::cout << "\n   n     now p50     p95     p99    then p50     p95     p99\n";
  }
  std::size_t told = 0;
  for (const auto& [endpoint, measured] : endpoints) {
    const auto now = Latency::percentiles(measured.now_us);
    const auto before = Latency::percentiles(measured.before_us);
    if (job_.json) {
      std::cout << cli::json_line({{"kind", "endpoint"},
                                   {"endpoint", endpoint},
                                   {"count", measured.now_us.size()},
                                   {"now", times_json(now)},
                                   {"recorded", times_json(before)}});
    } else if (told++ < kToldEndpoints) {
      std::cout << padded_left(std::to_string(measured.now_us.size()), 4) << "      " << times(now)
                << "      " << times(before) << "  " << harmless(endpoint) << '\n';
    }
  }
  if (told > kToldEndpoints) std::cout << "… and " << told - kToldEndpoints << " more endpoints\n";
}

void Report::print_sum(std::size_t planned) const {
  if (job_.json) {
    std::cout << cli::json_line({{"kind", "summary"},
                                 {"same", count(Resent::Verdict::same)},
                                 {"differ", count(Resent::Verdict::differs)},
                                 {"failed", count(Resent::Verdict::failed)},
                                 {"skipped", skipped_},
                                 {"not_sent", planned - sent()}});
    return;
  }
  std::cout << sent() << " sent: " << count(Resent::Verdict::same) << " same, "
            << count(Resent::Verdict::differs) << " differ, " << count(Resent::Verdict::failed)
            << " failed";
  if (skipped_ > 0) std::cout << "; " << skipped_ << " skipped";
  if (sent() < planned) std::cout << "; interrupted, " << planned - sent() << " not sent";
  std::cout << '\n';
}

Result<void> Report::finish(std::size_t planned) {
  print_endpoints();
  print_sum(planned);
  std::cout.flush();
  return junit_ ? junit_->finish() : Result<void>{};
}

}  // namespace tapedeck::resend
