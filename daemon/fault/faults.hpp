#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "daemon/fault/strain.hpp"

namespace tapedeck {

/// What befalls one request, on purpose.
struct Strike {
  enum class Ending {
    none,    ///< it is served
    status,  ///< answered with `status`, nothing is forwarded
    drop,    ///< the connection is closed without an answer
    reset,   ///< the same, with a TCP reset
  };
  std::chrono::milliseconds delay{0};  ///< before anything else
  Ending ending = Ending::none;
  int status = 0;
  std::string rule;  ///< that ended it, as it was written
  Strain strain;     ///< what befalls the body of the response

  bool any() const noexcept { return delay.count() > 0 || ending != Ending::none || strain.any(); }
};

/// Faults for testing an app: `[HOST[/PATH] ]KIND[@PERCENT%]`, KIND being `delay=500ms`,
/// `status=503`, `drop`, `reset`, `throttle=10KiB` (of body a second) or `truncate=1KiB`. Which of
/// the requests that a rule means are struck is drawn from the seed: the same requests in the same
/// order meet the same faults. Any thread.
class Faults {
 public:
  /// Fails with Stage::configure and a sentence that names the rule.
  static Result<std::shared_ptr<Faults>> parse(const std::vector<std::string>& rules,
                                               std::uint64_t seed);

  /// What befalls the next request to that host (lower case) and path.
  Strike draw(std::string_view host, std::string_view path);

 private:
  struct Rule {
    std::string text;
    std::string host = "*";
    std::string path = "*";
    Strike strike;
    unsigned percent = 100;
    std::atomic<std::uint64_t> met{0};  ///< requests it meant so far
  };
  static Result<void> read_kind(std::string_view kind, Rule& rule);

  std::vector<std::unique_ptr<Rule>> rules_;
  std::uint64_t seed_ = 0;
};

}  // namespace tapedeck
