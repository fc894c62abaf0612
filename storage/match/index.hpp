#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "client/http/result.hpp"
#include "storage/match/blanks.hpp"
#include "storage/match/request.hpp"
#include "storage/redact/token_key.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Which recorded exchange answers a request: those of one log, or of its sessions of one name. It
/// knows where each exchange went, 16 bytes an exchange, and reads what else counts of those of a
/// place when that place is first asked for. What is found then is found in logarithmic time,
/// whatever the log's size. One thread at a time, but for interrupt().
class MatchIndex {
 public:
  struct Entry {
    MatchKey key;
    std::int64_t id;  ///< exchange.id
    int status;       ///< of the answer
    auto operator<=>(const Entry&) const = default;
  };

  /// Of every answered exchange of the log, or of the sessions named `session` when that is not
  /// empty; empty until read_new(). `rules` outlives it. Fails with Stage::configure when there is
  /// no such session, with Stage::record when the log cannot be read.
  static Result<std::unique_ptr<MatchIndex>> open(const std::string& log_path,
                                                  const std::string& session,
                                                  const MatchRules& rules);
  /// Adds what was recorded since the last call. Throws SqliteError.
  void read_new();
  /// What reads now throws. Any thread.
  void interrupt() noexcept {
    log_->interrupt();
    helper_->interrupt();
  }

  /// Those that answer `request`, whose parts those are, all of one key, in the order they were
  /// recorded; empty when there are none. Where a recorded request holds tokens, one with the same
  /// secrets is found when the log's TokenKey is there, or else one with any. Throws SqliteError.
  std::vector<Entry> find(const MatchRequest& request, const Parts& parts);
  /// Exchanges worth comparing with a request that was not found: of its place, or else of its
  /// host. At most kNear of them.
  std::vector<std::int64_t> near(const MatchRequest& request) const;
  /// The hosts there are, at most kNear of them.
  std::vector<std::string> hosts() const;
  /// Every exchange in it.
  std::vector<std::int64_t> ids() const;

  static constexpr std::size_t kNear = 64;

 private:
  struct Place {
    std::uint64_t place;
    std::int64_t id;
    auto operator<=>(const Place&) const = default;
  };
  using ByHost = std::unordered_map<std::string, std::vector<std::int64_t>>;
  /// What is known at once of some exchanges, neighbours in the log.
  struct Stretch {
    std::vector<Place> places;  ///< sorted
    ByHost by_host;             ///< a few of each
    std::int64_t last_id = 0;   ///< 0: there are none
  };
  /// What counts of the exchanges of one place.
  struct Known {
    std::int64_t last_id = 0;                      ///< the newest one read
    std::vector<Entry> entries;                    ///< sorted
    std::map<Blanks, std::vector<Entry>> blanked;  ///< those that hold tokens there, sorted
  };
  MatchIndex(std::unique_ptr<Database> log, std::unique_ptr<Database> helper, std::string condition,
             const MatchRules& rules);
  Stretch read(Database& log, std::int64_t after, std::int64_t until) const;
  void add(Stretch stretch);
  const Known& known(std::uint64_t place);
  std::vector<Entry> find_in(const Known& known, const Parts& parts) const;

  const std::unique_ptr<Database> log_;
  const std::unique_ptr<Database> helper_;  ///< the same log, for a second thread in read_new()
  const MatchRules& rules_;
  const std::optional<TokenKey> token_key_;
  const std::string condition_;                     ///< which exchanges
  Statement one_;                                   ///< what counts of an exchange
  std::int64_t last_id_ = 0;                        ///< the newest one read
  std::vector<Place> places_;                       ///< sorted
  std::unordered_map<std::uint64_t, Known> known_;  ///< by place
  ByHost by_host_;
};

/// The parts of a recorded request; nullopt when it is not in the log. Throws SqliteError.
std::optional<Parts> recorded_parts(Database& log, std::int64_t id, const MatchRules& rules);

}  // namespace tapedeck::storage
