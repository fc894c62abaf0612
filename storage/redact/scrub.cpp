#include "storage/redact/scrub.hpp"

#include <filesystem>
#include <sqlite3.h>
#include <thread>

#include <nlohmann/json.hpp>

#include "client/http/grammar.hpp"
#include "storage/body_store.hpp"
#include "storage/exchange_table.hpp"
#include "storage/export/undone_coding.hpp"
#include "storage/header_json.hpp"
#include "storage/http_text.hpp"
#include "storage/keep/id_window.hpp"
#include "storage/keep/space.hpp"
#include "storage/session_table.hpp"
#include "storage/text/text_index.hpp"

namespace tapedeck::storage {
namespace {

/// Rows looked at by one statement; a filter may need a while for each.
constexpr std::int64_t kRows = 64;
/// Chunks of a large body removed by one statement.
constexpr std::int64_t kChunks = 16;
/// Pages of the text index merged by one statement.
constexpr std::string_view kMergePages = "64";
/// How often the -wal is tried to be emptied, and the wait between: readers come and go.
constexpr int kWalAttempts = 100;
constexpr std::chrono::milliseconds kWalWait{10};

constexpr std::string_view kColumns =
    "method, host, path, query, reason, error_detail, match_key, tls_sni, redacted,"
    " request_headers, request_trailers, response_headers, response_trailers,"
    " request_body_id, response_body_id";

std::string path_of(Database& log) { return sqlite3_db_filename(log.handle(), "main"); }

bool coded(const http::Fields& fields) {
  const auto coding = fields.get("Content-Encoding");
  return coding && !coding->empty() && !http::iequals(*coding, "identity");
}

/// A section as JSON, NULL where it was.
void bind_fields(Statement& statement, int index, const http::Fields& fields, bool null,
                 std::string& json) {
  if (null) {
    statement.bind_null(index);
    return;
  }
  append_header_json(fields, json);
  statement.bind(index, json);
}

/// Where nobody is recording, what is open was left so by a process that died.
void end_leftovers(Database& log) {
  Transaction transaction(log);
  BodyStore(log).seal_leftovers();
  ExchangeTable::mark_interrupted(log);
  transaction.commit();
}

}  // namespace

/// Made for each step: a chore may outlive the connection.
struct Scrub::Statements {
  Statements(Database& database, const Filter& filter, bool dry_run)
      : log(database),
        text(log),
        bodies(log),
        next(log.prepare("SELECT id FROM exchange WHERE id BETWEEN ?1 AND ?2 AND state <> 'open'"
                         " AND " +
                         filter.condition() + " ORDER BY id LIMIT 1")),
        row(log.prepare("SELECT " + std::string(kColumns) + " FROM exchange WHERE id = ?1")),
        update(log.prepare("UPDATE exchange SET (" + std::string(kColumns) +
                           ") = (?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"
                           " WHERE id = ?1")),
        small(log.prepare("SELECT bytes FROM body WHERE id = ?1")),
        chunk(log.prepare("SELECT bytes FROM body_chunk WHERE body_id = ?1 AND seq = ?2")),
        arrivals(log.prepare("DELETE FROM stream_event WHERE exchange_id = ?1")) {
    if (!dry_run) release.emplace(log.prepare(BodyReferences::kRelease));
  }

  /// Stores a body whole; its id.
  std::int64_t store(const std::string& bytes) {
    Sha256 digest;
    digest.update(bytes);
    if (bytes.size() <= kChunkSize) return bodies.store(digest.finish(), bytes);
    const std::int64_t id = bodies.reserve_id();
    bodies.begin(id);
    std::span<const char> rest = bytes;
    for (std::int64_t seq = 0; !rest.empty(); ++seq) {
      const auto piece = rest.first(std::min(rest.size(), kChunkSize));
      bodies.append(id, seq, piece);
      rest = rest.subspan(piece.size());
    }
    return bodies.end(id, digest.finish(), static_cast<std::int64_t>(bytes.size()));
  }

  Database& log;
  TextIndex text;
  BodyStore bodies;
  Statement next;
  Statement row;
  Statement update;
  Statement small;
  Statement chunk;
  Statement arrivals;
  std::optional<Statement> release;  ///< none in a dry run: references are not counted
};

/// An exchange, and how far its bodies have been looked at.
struct Scrub::Work {
  struct Body {
    std::optional<std::int64_t> id;
    std::unique_ptr<HeldBody> held;
    std::int64_t seq = 0;  ///< the chunk to look at next
    bool examined = false;
    HeldBody::Fate fate = HeldBody::Fate::unchanged;
    std::string clean;  ///< what takes its place when it is replaced
  };
  std::int64_t id = 0;
  Exchange row;
  bool no_fields[4] = {};  ///< the sections that are NULL
  Body request;
  Body response;

  Body& body(Side side) { return side == Side::request ? request : response; }
  http::Fields& head(Side side) {
    return side == Side::request ? row.request_headers : row.response_headers;
  }
};

Scrub::Scrub(Secrets secrets, bool dry_run) : secrets_(std::move(secrets)), dry_run_(dry_run) {}

Scrub::~Scrub() = default;

bool Scrub::step(Database& log) {
  try {
    switch (phase_) {
      case Phase::begin:
        begin(log);
        phase_ = dry_run_ ? Phase::exchanges : Phase::count;
        break;
      case Phase::count:
        if (!references_.count(log, StepBudget())) phase_ = Phase::exchanges;
        break;
      case Phase::exchanges:
        if (!scrub_exchanges(log)) phase_ = Phase::sessions;
        break;
      case Phase::sessions:
        scrub_sessions(log);
        phase_ = dry_run_ ? Phase::done : Phase::bodies;
        break;
      case Phase::bodies:
        if (remove_bodies(log)) break;
        BodyReferences::end(log);
        phase_ = Phase::text;
        break;
      case Phase::text:
        if (!merge_text(log)) phase_ = Phase::space;
        break;
      case Phase::space:
        if (!give_back_space(log, StepBudget())) phase_ = Phase::wal;
        break;
      case Phase::wal:
        if (!empty(log)) phase_ = Phase::done;
        break;
      case Phase::done:
        break;
    }
  } catch (...) {
    BodyReferences::end(log);
    throw;
  }
  if (!dry_run_ && phase_ != Phase::done && phase_ != Phase::wal) move_wal(log);
  return phase_ != Phase::done;
}

void Scrub::begin(Database& log) {
  const std::string path = path_of(log);
  // Whoever builds SQLite without it would leave what is deleted in the file.
  log.execute("PRAGMA secure_delete=ON");
  const TokenKey key =
      dry_run_ ? TokenKey::find(path).value_or(TokenKey::random()) : TokenKey::of_log(path);
  redaction_.emplace(secrets_.rules, Literals(secrets_.values, key), key, secrets_.limit);
  if (!dry_run_ && !running_session(log)) end_leftovers(log);
  Statement open = log.prepare("SELECT id FROM exchange WHERE state = 'open'");
  while (open.step()) unfinished_.insert(open.integer(0));
  open.reset();
  if (!dry_run_) references_.begin(log);
  last_exchange_ = largest_id(log, "exchange");
  last_body_ = largest_id(log, "body");
  for (int version = 1; version < 100; ++version) {
    const std::string copy = path + ".v" + std::to_string(version) + "-backup";
    if (std::filesystem::exists(copy)) copies_.push_back(copy);
  }
}

/// False when the last has been looked at.
bool Scrub::scrub_exchanges(Database& log) {
  const StepBudget budget;
  Transaction transaction(log);
  Statements statements(log, secrets_.filter, dry_run_);
  bool more = true;
  while (more && !budget.spent()) {
    if (!work_) more = next(statements);
    if (!work_ || !examine(statements, budget)) continue;
    write(statements);
    work_.reset();
  }
  transaction.commit();
  return more;
}

/// Takes up the next exchange that is asked for, of the next few; false when there are no more.
bool Scrub::next(Statements& statements) {
  const auto window = next_window(statements.log, "exchange", exchange_, last_exchange_, kRows);
  if (!window) return false;
  statements.next.bind(1, window->first).bind(2, window->last);
  secrets_.filter.bind(statements.next, 3);
  const bool found = statements.next.step();
  exchange_ = found ? statements.next.integer(0) : window->last;
  statements.next.reset();
  if (!found || unfinished_.contains(exchange_)) return true;

  Statement& row = statements.row;
  row.bind(1, exchange_).step();
  work_ = std::make_unique<Work>();
  work_->id = exchange_;
  Exchange& exchange = work_->row;
  exchange.method = from_utf8(row.text(0));
  exchange.host = row.text(1);
  exchange.path = from_utf8(row.text(2));
  if (!row.is_null(3)) exchange.query = from_utf8(row.text(3));
  exchange.reason = from_utf8(row.text(4));
  exchange.error_detail = row.text(5);
  exchange.match_key = row.text(6);
  exchange.tls_sni = from_utf8(row.text(7));
  exchange.redacted = row.text(8);
  http::Fields* const sections[] = {&exchange.request_headers, &exchange.request_trailers,
                                    &exchange.response_headers, &exchange.response_trailers};
  for (int i = 0; i < 4; ++i) {
    work_->no_fields[i] = row.is_null(9 + i);
    if (!work_->no_fields[i]) *sections[i] = parse_header_json(row.text(9 + i));
  }
  if (!row.is_null(13)) work_->request.id = row.integer(13);
  if (!row.is_null(14)) work_->response.id = row.integer(14);
  row.reset();
  return true;
}

/// False when some of it is left for the next step.
bool Scrub::examine(Statements& statements, const StepBudget& budget) {
  for (const Side side : {Side::request, Side::response}) {
    if (!work_->body(side).examined && !examine_body(statements, side, budget)) return false;
  }
  return true;
}

bool Scrub::examine_body(Statements& statements, Side side, const StepBudget& budget) {
  Work::Body& body = work_->body(side);
  if (!body.id) return body.examined = true;
  const auto id = static_cast<std::size_t>(*body.id);
  const bool decoded = coded(work_->head(side));
  std::vector<bool>& clean = clean_[decoded ? 1 : 0];
  const bool values_alone = redaction_->rules().empty();
  if (values_alone && id < clean.size() && clean[id]) return body.examined = true;
  if (!body.held) {
    const auto scope = redaction_->rules().scope(work_->row.host, work_->row.path);
    body.held = HeldBody::of(*redaction_, scope, work_->head(side));
    if (!body.held) return body.examined = true;
  }
  auto fate = HeldBody::Fate::held;
  Statement& small = statements.small;
  if (body.seq == 0 && small.bind(1, *body.id).step() && !small.is_null(0)) {
    fate = body.held->append(small.blob(0));
    small.reset();
  } else {
    small.reset();
    bool more = true;
    while (more && fate == HeldBody::Fate::held) {
      more = statements.chunk.bind(1, *body.id).bind(2, body.seq).step();
      if (more) fate = body.held->append(statements.chunk.blob(0));
      statements.chunk.reset();
      if (more) ++body.seq;
      if (more && budget.spent()) return false;
    }
  }
  body.fate = body.held->finish();
  if (body.held->broken()) ++unread_;
  if (body.fate == HeldBody::Fate::unchanged && values_alone) {
    if (clean.size() <= id) clean.resize(id + 1);
    clean[id] = true;
  }
  if (body.fate == HeldBody::Fate::replaced) {
    if (body.held->undone()) set_aside_coding(work_->head(side));
    body.clean = body.held->take();
  }
  body.held.reset();
  return body.examined = true;
}

void Scrub::write(Statements& statements) {
  Exchange& row = work_->row;
  bool changed = false;
  for (const Side side : {Side::request, Side::response}) {
    const Work::Body& body = work_->body(side);
    if (body.fate == HeldBody::Fate::unchanged) continue;
    changed = true;
    const std::string column = side == Side::request ? "request_body" : "response_body";
    const bool replaced = body.fate == HeldBody::Fate::replaced;
    note_redacted(row, replaced ? column : column + "_withheld");
    ++(replaced ? replaced_ : withheld_);
  }
  changed |= redaction_->redact(row);
  if (!changed) return;
  ++exchanges_;
  if (dry_run_) return;

  // Takes out what was indexed, so before anything changes.
  statements.text.remove(work_->id);
  for (const Side side : {Side::request, Side::response}) {
    Work::Body& body = work_->body(side);
    if (body.fate == HeldBody::Fate::unchanged) continue;
    statements.release->bind(1, *body.id).run();
    body.id.reset();
    if (body.fate == HeldBody::Fate::replaced) body.id = statements.store(body.clean);
    if (side == Side::response) statements.arrivals.bind(1, work_->id).run();
  }
  Statement& update = statements.update;
  std::string text[5];
  update.bind(1, work_->id);
  update.bind_or_null(2, to_utf8(row.method, text[0]));
  update.bind_or_null(3, row.host);
  update.bind_or_null(4, to_utf8(row.path, text[1]));
  if (row.query) {
    update.bind(5, to_utf8(*row.query, text[2]));
  } else {
    update.bind_null(5);
  }
  update.bind_or_null(6, to_utf8(row.reason, text[3]));
  update.bind_or_null(7, row.error_detail);
  update.bind_or_null(8, row.match_key);
  update.bind_or_null(9, to_utf8(row.tls_sni, text[4]));
  update.bind_or_null(10, row.redacted);
  std::string json[4];
  bind_fields(update, 11, row.request_headers, work_->no_fields[0], json[0]);
  bind_fields(update, 12, row.request_trailers, work_->no_fields[1], json[1]);
  bind_fields(update, 13, row.response_headers, work_->no_fields[2], json[2]);
  bind_fields(update, 14, row.response_trailers, work_->no_fields[3], json[3]);
  update.bind(15, work_->request.id).bind(16, work_->response.id);
  update.run();
  statements.text.later(work_->id);
}

/// What is noted beside the exchanges is not theirs: it is left alone where a filter chooses.
void Scrub::scrub_sessions(Database& log) {
  const Literals& values = redaction_->literals();
  if (values.empty() || secrets_.filter.condition() != "1") return;
  constexpr std::pair<const char*, const char*> kNoted[] = {{"session", "name"},
                                                            {"session", "command"},
                                                            {"session", "note"},
                                                            {"session_tag", "tag"},
                                                            {"gap", "reason"}};
  Transaction transaction(log);
  for (const auto& [table, column] : kNoted) {
    const std::string where = std::string(" FROM ") + table + " WHERE " + column + " IS NOT NULL";
    Statement rows = log.prepare("SELECT DISTINCT " + std::string(column) + where);
    std::vector<std::string> found;
    while (rows.step()) {
      if (values.found_in(rows.text(0))) found.emplace_back(rows.text(0));
    }
    rows.reset();
    for (const std::string& text : found) {
      ++sessions_;
      if (dry_run_) continue;
      const std::string clean = values.replaced(text);
      log.prepare("UPDATE OR REPLACE " + std::string(table) + " SET " + column + " = ?1 WHERE " +
                  column + " = ?2")
          .bind(1, clean)
          .bind(2, text)
          .run();
    }
  }
  transaction.commit();
}

/// False when no body is left that nothing refers to.
bool Scrub::remove_bodies(Database& log) {
  const StepBudget budget;
  Transaction transaction(log);
  Statement unused =
      log.prepare(std::string("SELECT id FROM body WHERE id BETWEEN ?1 AND ?2 AND ") +
                  BodyReferences::kUnused + " ORDER BY id");
  Statement chunks = log.prepare(
      "DELETE FROM body_chunk WHERE body_id = ?1 AND seq IN"
      " (SELECT seq FROM body_chunk WHERE body_id = ?1 LIMIT ?2)");
  Statement unfind = log.prepare("UPDATE body SET sha256 = NULL WHERE id = ?1");
  Statement remove = log.prepare("DELETE FROM body WHERE id = ?1");
  bool more = true;
  while (more && !budget.spent()) {
    const auto window = next_window(log, "body", body_, last_body_, kRows);
    more = window.has_value();
    if (!more) break;
    unused.bind(1, window->first).bind(2, window->last);
    std::vector<std::int64_t> ids;
    while (unused.step()) ids.push_back(unused.integer(0));
    unused.reset();
    body_ = window->last;
    for (const std::int64_t id : ids) {
      if (!budget.spent()) {
        chunks.bind(1, id).bind(2, kChunks).run();
        if (log.changes() < kChunks) {
          remove.bind(1, id).run();
          continue;
        }
        // Half a body must not be taken for it.
        unfind.bind(1, id).run();
      }
      body_ = id - 1;
      break;
    }
  }
  transaction.commit();
  return more;
}

/// Words that were taken out are in the file until they are merged away; false when they are.
bool Scrub::merge_text(Database& log) {
  const StepBudget budget;
  Transaction transaction(log);
  bool more = true;
  do {
    // The first call, with a number below 0, has all of the index merged into one.
    const std::string pages = (merging_ ? "" : "-") + std::string(kMergePages);
    merging_ = true;
    const int before = sqlite3_total_changes(log.handle());
    log.execute("INSERT INTO exchange_text(exchange_text, rank) VALUES('merge', " + pages + ")");
    more = sqlite3_total_changes(log.handle()) - before >= 2;
  } while (more && !budget.spent());
  transaction.commit();
  return more;
}

/// False when the -wal is empty, or waiting does not help.
bool Scrub::empty(Database& log) {
  wal_emptied_ = empty_wal(log);
  if (wal_emptied_ || ++wal_attempts_ == kWalAttempts) return false;
  std::this_thread::sleep_for(kWalWait);
  return true;
}

std::string Scrub::result() const {
  return nlohmann::json{{"exchanges", exchanges_},
                        {"replaced", replaced_},
                        {"withheld", withheld_},
                        {"unread", unread_},
                        {"unfinished", unfinished_.size()},
                        {"sessions", sessions_},
                        {"wal_emptied", dry_run_ || wal_emptied_},
                        {"copies", copies_}}
      .dump();
}

}  // namespace tapedeck::storage
