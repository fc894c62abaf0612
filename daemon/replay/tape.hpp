#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "client/http/result.hpp"
#include "config/options.hpp"
#include "storage/match/index.hpp"
#include "storage/match/rules.hpp"

namespace tapedeck {

/// The recording that answers: which exchange is next for each request, and what was asked in vain.
/// Any thread.
class Tape {
 public:
  /// A request that nothing recorded answers.
  struct Miss {
    std::string request;  ///< "GET https://api.example.com/v1/x"
    std::string why;      ///< the nearest one recorded, and where it differs
    unsigned times = 1;
  };
  struct Summary {
    std::uint64_t served = 0;
    std::uint64_t missed = 0;
    std::vector<Miss> misses;              ///< the first kListed that differ
    std::size_t unused = 0;                ///< recorded exchanges that were never asked for
    std::vector<std::int64_t> unused_ids;  ///< the first kListed
    bool unread =
        false;  ///< nothing was asked, nor the recording read to its end: unused is not known
  };
  static constexpr std::size_t kListed = 100;

  /// Begins to read the recording that the options name; who asks before the end waits for it.
  /// Fails with Stage::configure or Stage::record.
  static Result<std::shared_ptr<Tape>> open(const config::Options& options);

  /// The exchange that answers next, counted as served; `session` names the recording, "" the one
  /// of the options. Nullopt, counted as nothing, when there is none or no more. Fails when there
  /// is no such session. Throws storage::SqliteError.
  Result<std::optional<std::int64_t>> take(const std::string& session,
                                           const storage::MatchRequest& request,
                                           const storage::Parts& parts);
  /// What take() would have found had it been recorded otherwise: "nearest is exchange 17: query
  /// page: 3, recorded 2". `log` is the caller's own reader. Throws storage::SqliteError.
  std::string explain(storage::Database& log, const std::string& session,
                      const storage::MatchRequest& request, const storage::Parts& parts);
  void note_miss(std::string request, std::string why);

  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  const storage::MatchRules& rules() const noexcept { return rules_; }
  Summary summary();
  /// Served and missed, without looking through the recording.
  std::pair<std::uint64_t, std::uint64_t> counts() const;

 private:
  /// One recording and how far it has been played, for each request.
  struct Reel {
    std::unique_ptr<storage::MatchIndex> index;
    std::map<storage::MatchKey, std::size_t> played;
  };
  Tape(storage::MatchRules rules, std::string log, std::string session, bool repeat, bool grows)
      : rules_(std::move(rules)),
        log_(std::move(log)),
        session_(std::move(session)),
        repeat_(repeat),
        grows_(grows) {}
  Result<Reel*> reel(const std::string& session);

  const storage::MatchRules rules_;
  const std::string log_;  ///< its path
  const std::string session_;
  const bool repeat_;  ///< the last answer again, after the last
  const bool grows_;   ///< what is recorded meanwhile answers too

  mutable std::mutex mutex_;
  std::map<std::string, Reel> reels_;  ///< by session
  std::future<Result<void>> first_;    ///< reads the reel of session_
  std::unordered_set<std::int64_t> used_;
  std::uint64_t served_ = 0;
  std::uint64_t missed_ = 0;
  std::vector<Miss> misses_;
};

}  // namespace tapedeck
