#include "storage/keep/removal.hpp"

#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>

#include "storage/keep/id_window.hpp"
#include "storage/keep/space.hpp"
#include "storage/keep/window_sql.hpp"
#include "storage/session_table.hpp"
#include "storage/text/text_index.hpp"

namespace tapedeck::storage {
namespace {

/// Rows looked at by one statement; a filter may need a while for each.
constexpr std::int64_t kRows = 64;
/// Arrivals, and chunks of a large body, removed by one statement.
constexpr std::int64_t kArrivals = 2048;
constexpr std::int64_t kChunks = 16;

/// ?1, ?2: a window of ids; ?3: one session, or NULL; then the filter.
std::string doomed_sql(const Filter& filter) {
  return std::string("SELECT id, request_body_id, response_body_id, ") + kRowSize + " FROM " +
         kWindow +
         " WHERE state <> 'open'"
         " AND CASE WHEN ?3 IS NULL THEN " +
         kNotPinned + " ELSE session_id = ?3 END AND " + filter.condition() + " ORDER BY id";
}

std::optional<std::int64_t> integer_or_null(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.integer(column);
}

/// What a body takes in the file beside its bytes.
constexpr std::int64_t kBodyOverhead = 120;

/// Throws a sentence when that session must stay.
void check_session(Database& log, std::int64_t id, bool pinned_too) {
  Statement session = log.prepare("SELECT name, pinned FROM session WHERE id = ?1");
  if (!session.bind(1, id).step()) {
    throw std::runtime_error("there is no session " + std::to_string(id));
  }
  const std::string name = "session '" + std::string(session.text(0)) + "'";
  if (running_session(log) == id) throw std::runtime_error(name + " is being recorded");
  if (session.integer(1) != 0 && !pinned_too) {
    throw std::runtime_error(name + " is pinned; --force deletes it all the same");
  }
}

}  // namespace

/// Made for each step: a chore may outlive the connection.
struct Removal::Statements {
  explicit Statements(Database& database)
      : log(database),
        text(log),
        release(log.prepare(BodyReferences::kRelease)),
        body_size(log.prepare("SELECT stored_size FROM body WHERE id = ?1")),
        arrivals(log.prepare("DELETE FROM stream_event WHERE exchange_id = ?1 AND offset IN"
                             " (SELECT offset FROM stream_event WHERE exchange_id = ?1 LIMIT ?2)")),
        exchange(log.prepare("DELETE FROM exchange WHERE id = ?1")),
        chunks(log.prepare("DELETE FROM body_chunk WHERE body_id = ?1 AND seq IN"
                           " (SELECT seq FROM body_chunk WHERE body_id = ?1 LIMIT ?2)")),
        unfind(log.prepare("UPDATE body SET sha256 = NULL WHERE id = ?1")),
        body(log.prepare("DELETE FROM body WHERE id = ?1")) {}

  Database& log;
  TextIndex text;
  Statement release;
  Statement body_size;
  Statement arrivals;
  Statement exchange;
  Statement chunks;
  Statement unfind;  ///< half a body must not be taken for it
  Statement body;
};

Removal::Removal(Doomed doomed, bool dry_run) : doomed_(std::move(doomed)), dry_run_(dry_run) {}

bool Removal::step(Database& log) {
  try {
    switch (phase_) {
      case Phase::begin:
        begin(log);
        break;
      case Phase::count:
        if (references_.count(log, StepBudget())) break;
        if (doomed_.keep_size) excess_ = used_size(log) - *doomed_.keep_size;
        phase_ = Phase::exchanges;
        break;
      case Phase::exchanges:
        if (!remove_exchanges(log)) phase_ = Phase::bodies;
        break;
      case Phase::bodies:
        if (!remove_bodies(log)) phase_ = Phase::words;
        break;
      case Phase::words:
        if (dry_run_ || !TextIndex(log).compact(StepBudget::kLength)) phase_ = Phase::space;
        break;
      case Phase::space:
        if (!dry_run_ && give_back_space(log, StepBudget())) break;
        if (falls_short(log)) {
          begin_round(log);
        } else {
          finish(log);
        }
        break;
      case Phase::done:
        break;
    }
  } catch (...) {
    BodyReferences::end(log);
    throw;
  }
  if (!dry_run_ && phase_ != Phase::done) move_wal(log);
  return phase_ != Phase::done;
}

void Removal::begin(Database& log) {
  if (doomed_.session_id) check_session(log, *doomed_.session_id, doomed_.pinned_too);
  file_before_ = file_size(log);
  begin_round(log);
}

void Removal::begin_round(Database& log) {
  references_.begin(log);
  exchanges_before_ = removed_.exchanges;
  exchange_ = 0;
  body_ = 0;
  // What is recorded from now on is younger than the question.
  last_exchange_ = largest_id(log, "exchange");
  last_body_ = largest_id(log, "body");
  phase_ = Phase::count;
}

/// The sizes that were counted on were estimates.
bool Removal::falls_short(Database& log) const {
  return doomed_.keep_size && !dry_run_ && removed_.exchanges > exchanges_before_ &&
         used_size(log) > *doomed_.keep_size;
}

/// False when the last has gone.
bool Removal::remove_exchanges(Database& log) {
  const StepBudget budget;
  Transaction transaction(log);
  Statements statements(log);
  Statement doomed = log.prepare(doomed_sql(doomed_.filter));
  bool more = true;
  while (more && !budget.spent()) {
    const auto window = next_window(log, "exchange", exchange_, last_exchange_, kRows);
    more = window.has_value() && !enough();
    if (!more) break;
    doomed.bind(1, window->first).bind(2, window->last).bind(3, doomed_.session_id);
    doomed_.filter.bind(doomed, 4);
    std::vector<Row> rows;
    while (doomed.step()) {
      rows.push_back({doomed.integer(0), integer_or_null(doomed, 1), integer_or_null(doomed, 2),
                      doomed.integer(3)});
    }
    doomed.reset();
    exchange_ = window->last;
    for (const Row& row : rows) {
      if (!budget.spent() && !enough() && remove_exchange(statements, row)) continue;
      exchange_ = row.id - 1;
      break;
    }
  }
  transaction.commit();
  return more;
}

/// False when some of it is left for the next step.
bool Removal::remove_exchange(Statements& statements, const Row& row) {
  if (!dry_run_) {
    statements.arrivals.bind(1, row.id).bind(2, kArrivals).run();
    if (statements.log.changes() == kArrivals) return false;
    statements.text.remove(row.id);
    statements.exchange.bind(1, row.id).run();
  }
  ++removed_.exchanges;
  excess_ -= row.size;
  for (const auto& body : {row.request_body, row.response_body}) {
    if (!body) continue;
    const bool last =
        statements.release.bind(1, *body).step() && statements.release.integer(0) != 0;
    statements.release.reset();
    if (!last || !doomed_.keep_size) continue;
    if (statements.body_size.bind(1, *body).step()) {
      excess_ -= statements.body_size.integer(0) + kBodyOverhead;
    }
    statements.body_size.reset();
  }
  return true;
}

bool Removal::remove_bodies(Database& log) {
  const StepBudget budget;
  Transaction transaction(log);
  Statements statements(log);
  Statement unused = log.prepare(std::string("SELECT id, stored_size FROM body "
                                             "WHERE id BETWEEN ?1 AND ?2 AND ") +
                                 BodyReferences::kUnused + " ORDER BY id");
  bool more = true;
  while (more && !budget.spent()) {
    const auto window = next_window(log, "body", body_, last_body_, kRows);
    more = window.has_value();
    if (!more) break;
    unused.bind(1, window->first).bind(2, window->last);
    std::vector<std::pair<std::int64_t, std::int64_t>> bodies;
    while (unused.step()) bodies.emplace_back(unused.integer(0), unused.integer(1));
    unused.reset();
    body_ = window->last;
    for (const auto& [id, size] : bodies) {
      if (budget.spent() || !remove_body(statements, id)) {
        body_ = id - 1;
        break;
      }
      ++removed_.bodies;
      removed_.bytes += size;
    }
  }
  transaction.commit();
  return more;
}

/// False when some of it is left for the next step.
bool Removal::remove_body(Statements& statements, std::int64_t id) {
  if (dry_run_) return true;
  statements.chunks.bind(1, id).bind(2, kChunks).run();
  if (statements.log.changes() == kChunks) {
    statements.unfind.bind(1, id).run();
    return false;
  }
  statements.body.bind(1, id).run();
  return true;
}

void Removal::finish(Database& log) {
  BodyReferences::end(log);
  if (!dry_run_ && doomed_.session_id) remove_session(log, *doomed_.session_id);
  if (!dry_run_) empty_wal(log);
  file_after_ = file_size(log);
  phase_ = Phase::done;
}

std::string Removal::result() const {
  return nlohmann::json{{"exchanges", removed_.exchanges},
                        {"bodies", removed_.bodies},
                        {"bytes", removed_.bytes},
                        {"file_before", file_before_},
                        {"file_after", file_after_}}
      .dump();
}

}  // namespace tapedeck::storage
