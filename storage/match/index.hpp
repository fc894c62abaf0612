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

/// Which recorded exchange answers a request: those of one log, or of its sessions of one name, by
/// key. What is found is found in logarithmic time, whatever the log's size; 56 bytes an exchange.
/// One thread at a time.
class MatchIndex {
 public:
  struct Entry {
    MatchKey key;
    std::int64_t id;  ///< exchange.id
    int status;       ///< of the answer
    auto operator<=>(const Entry&) const = default;
  };

  /// Reads every answered exchange of the log once, or of the sessions named `session` when that is
  /// not empty. Fails with Stage::configure when there is no such session. Throws SqliteError.
  static Result<std::shared_ptr<MatchIndex>> build(Database& log, const std::string& session,
                                                   const MatchRules& rules);
  /// Whether there is a session of that name, as build() asks.
  static Result<void> check_session(Database& log, const std::string& session);
  /// Adds what was recorded since. Throws SqliteError.
  void add_new(Database& log, const MatchRules& rules);

  /// Those that answer a request of those parts, all of one key, in the order they were recorded;
  /// empty when there are none. Where a recorded request holds tokens, one with the same secrets is
  /// found when the log's TokenKey is there, or else one with any.
  std::vector<Entry> find(const Parts& parts) const;
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
  std::optional<TokenKey> token_key_;
  std::map<Blanks, std::vector<Entry>> blanked_;  ///< those that hold tokens there, sorted
  std::string condition_;                         ///< which exchanges
  std::int64_t last_id_ = 0;                      ///< the newest one read
  std::vector<Entry> entries_;                    ///< sorted
  std::vector<Place> places_;                     ///< sorted
  std::unordered_map<std::string, std::vector<std::int64_t>> by_host_;  ///< a few of each
};

/// The parts of a recorded request; nullopt when it is not in the log. Throws SqliteError.
std::optional<Parts> recorded_parts(Database& log, std::int64_t id, const MatchRules& rules);

}  // namespace tapedeck::storage
