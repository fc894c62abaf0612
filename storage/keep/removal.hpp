#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/chore.hpp"
#include "storage/keep/body_references.hpp"
#include "storage/query/filter.hpp"

namespace tapedeck::storage {

/// Which exchanges go. Never those that are `open`.
struct Doomed {
  Filter filter;
  /// Of this session alone, and its row with them; else of all but the pinned ones.
  std::optional<std::int64_t> session_id;
  bool pinned_too = false;  ///< also when that session is pinned
  /// The oldest alone, until no more than so many bytes of the log are used.
  std::optional<std::int64_t> keep_size;
};

/// What a removal took away.
struct Removed {
  std::int64_t exchanges = 0;
  std::int64_t bodies = 0;
  std::int64_t bytes = 0;  ///< of those bodies
};

/// Removes exchanges, the bodies that no other exchange refers to, and gives the space back to the
/// file system. Bodies that a removal which was cut short left behind go with them.
class Removal : public Chore {
 public:
  /// With `dry_run`, only says what would go.
  Removal(Doomed doomed, bool dry_run);

  bool step(Database& log) override;
  /// exchanges, bodies, bytes (of those bodies), file_before, file_after (bytes).
  std::string result() const override;
  const Removed& removed() const noexcept { return removed_; }

 private:
  enum class Phase { begin, count, exchanges, bodies, words, space, done };
  struct Statements;
  struct Row {
    std::int64_t id;
    std::optional<std::int64_t> request_body;
    std::optional<std::int64_t> response_body;
    std::int64_t size;
  };

  void begin(Database& log);
  void begin_round(Database& log);
  bool falls_short(Database& log) const;
  bool remove_exchanges(Database& log);
  bool remove_exchange(Statements& statements, const Row& row);
  bool remove_bodies(Database& log);
  bool remove_body(Statements& statements, std::int64_t id);
  void finish(Database& log);
  bool enough() const noexcept { return doomed_.keep_size && excess_ <= 0; }

  Doomed doomed_;
  bool dry_run_;
  Phase phase_ = Phase::begin;
  BodyReferences references_;
  std::int64_t excess_ = 0;    ///< bytes still to be freed, for keep_size
  std::int64_t exchange_ = 0;  ///< walked up to this id
  std::int64_t last_exchange_ = 0;
  std::int64_t body_ = 0;  ///< walked up to this id
  std::int64_t last_body_ = 0;

  Removed removed_;
  std::int64_t exchanges_before_ = 0;  ///< this round
  std::int64_t file_before_ = 0;
  std::int64_t file_after_ = 0;
};

}  // namespace tapedeck::storage
