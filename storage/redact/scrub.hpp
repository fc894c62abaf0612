#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/chore.hpp"
#include "storage/keep/body_references.hpp"
#include "storage/query/filter.hpp"
#include "storage/redact/held_body.hpp"
#include "storage/redact/redaction.hpp"

namespace tapedeck::storage {

/// What is to be taken out of what is recorded already.
struct Secrets {
  Filter filter;  ///< of these exchanges alone; those that are `open` stay as they are
  RedactRules rules = {};
  std::vector<std::string> values = {};  ///< wherever they stand
  std::size_t limit = kRedactLimit;      ///< bytes of a body that rules may look into
};

/// Redacts recorded exchanges as they would have been with rules in force: rows, bodies, the text
/// index. What was there before is gone from the file and from the -wal when it has ended, not just
/// unlinked. Values are also taken out of what is noted of sessions and gaps, unless a filter
/// chooses among the exchanges.
class Scrub : public Chore {
 public:
  /// With `dry_run`, only counts.
  Scrub(Secrets secrets, bool dry_run);
  ~Scrub() override;

  bool step(Database& log) override;
  /// exchanges (changed); replaced, withheld (of their bodies); unread (bodies whose coding could
  /// not be undone, kept as they were); unfinished (exchanges left as they were); sessions (of
  /// sessions and gaps, rows changed); wal_emptied (false: somebody who reads needs the -wal
  /// still); copies (files made by migrations, which were not touched).
  std::string result() const override;

 private:
  enum class Phase { begin, count, exchanges, sessions, bodies, text, space, wal, done };
  struct Statements;
  struct Work;

  void begin(Database& log);
  bool scrub_exchanges(Database& log);
  bool next(Statements& statements);
  bool examine(Statements& statements, const StepBudget& budget);
  bool examine_body(Statements& statements, Side side, const StepBudget& budget);
  void write(Statements& statements);
  void scrub_sessions(Database& log);
  bool remove_bodies(Database& log);
  bool merge_text(Database& log);
  bool empty(Database& log);

  Secrets secrets_;
  bool dry_run_;
  Phase phase_ = Phase::begin;
  std::optional<Redaction> redaction_;
  BodyReferences references_;
  std::set<std::int64_t> unfinished_;  ///< exchanges that were open when it began
  std::unique_ptr<Work> work_;         ///< the exchange being looked at; null between two
  std::vector<bool> clean_[2];         ///< bodies without a value, by id: as they are, and decoded
  std::int64_t exchange_ = 0;          ///< walked up to this id
  std::int64_t last_exchange_ = 0;
  std::int64_t body_ = 0;  ///< walked up to this id
  std::int64_t last_body_ = 0;
  bool merging_ = false;
  int wal_attempts_ = 0;

  std::int64_t exchanges_ = 0;
  std::int64_t replaced_ = 0;
  std::int64_t withheld_ = 0;
  std::int64_t unread_ = 0;
  std::int64_t sessions_ = 0;
  bool wal_emptied_ = false;
  std::vector<std::string> copies_;
};

}  // namespace tapedeck::storage
