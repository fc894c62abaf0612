#include "storage/match/index.hpp"

#include <algorithm>
#include <cstring>
#include <future>
#include <sqlite3.h>
#include <utility>

#include "storage/header_json.hpp"
#include "storage/http_text.hpp"
#include "storage/query/log_reader.hpp"
#include "storage/schema.hpp"

namespace tapedeck::storage {
namespace {

/// What counts of a request. Headers are read only where they may count: they are most of what
/// there is to read.
std::string select(Database& log, bool all_headers) {
  const std::string headers =
      all_headers ? "request_headers"
                  : "CASE WHEN request_body_id IS NOT NULL OR request_headers LIKE '%\"range\"%' "
                    "THEN request_headers END";
  return "SELECT exchange.id, method, scheme, host, port, path, query, " + headers +
         ", request_body_id, sha256, status, coalesce(" + redacted_column(log) +
         ", '') FROM exchange LEFT JOIN body ON body.id = request_body_id WHERE exchange.id = ?1";
}

/// What can be asked again and answered: exchanges that went through whole.
constexpr const char* kAnswered =
    "state = 'complete' AND status IS NOT NULL AND status <> 101 "
    "AND mode IN ('forward', 'intercept', 'reverse') AND host <> 'tapedeck.invalid'";

MatchRequest request_of(const Statement& row) {
  MatchRequest request;
  request.method = from_utf8(row.text(1));
  request.scheme = row.text(2);
  request.host = row.text(3);
  request.port = static_cast<int>(row.integer(4));
  request.path = from_utf8(row.text(5));
  if (!row.is_null(6)) request.query = from_utf8(row.text(6));
  if (!row.is_null(7)) request.headers = parse_header_json(row.text(7));
  return request;
}

Parts parts_of(Database& log, const Statement& row, const MatchRequest& request,
               const MatchRules& rules) {
  if (row.text(11).find("request_body_withheld") != std::string_view::npos) {
    Parts parts = request.parts(std::nullopt, rules);
    // Of the same kind as one that is known, so that rules about bodies are obeyed.
    const Parts whole = request.parts(Digest{}, rules);
    if (whole.size() > parts.size()) parts = blanked(whole, {"body"}, nullptr);
    return parts;
  }
  if (row.is_null(8)) return request.parts(std::nullopt, rules);
  const auto digest = row.blob(9);
  if (digest.size() == sizeof(Digest) &&
      !MatchBody::structured(request.headers.get("Content-Type").value_or(""))) {
    Digest known;
    std::memcpy(known.data(), digest.data(), known.size());
    return request.parts(known, rules);
  }
  MatchBody body;
  read_body(log, row.integer(8), [&](std::span<const char> piece) {
    body.append(piece);
    return true;
  });
  return request.parts(body, rules);
}

/// From so many exchanges on a second thread is worth starting.
constexpr std::int64_t kWorthTwoThreads = 50'000;

/// Where those are whose host or path holds a token: a request to any place may be like them.
constexpr std::uint64_t kVeiled = 0;

std::vector<MatchIndex::Entry> of_key(const std::vector<MatchIndex::Entry>& sorted,
                                      const MatchKey& key) {
  const auto [first, last] = std::equal_range(
      sorted.begin(), sorted.end(), MatchIndex::Entry{key, 0, 0},
      [](const MatchIndex::Entry& a, const MatchIndex::Entry& b) { return a.key < b.key; });
  return {first, last};
}

Result<std::string> sessions_named(Database& log, const std::string& name) {
  Statement found = log.prepare("SELECT group_concat(id) FROM session WHERE name = ?1");
  found.bind(1, name);
  if (found.step() && !found.is_null(0)) return std::string(found.text(0));
  Statement known = log.prepare(
      "SELECT group_concat(name, ', ') FROM (SELECT DISTINCT name FROM session ORDER BY id DESC "
      "LIMIT 10)");
  known.step();
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 "no session '" + name + "' in the log; there are " + std::string(known.text(0))};
}

}  // namespace

MatchIndex::MatchIndex(std::unique_ptr<Database> log, std::unique_ptr<Database> helper,
                       std::string condition, const MatchRules& rules)
    : log_(std::move(log)),
      helper_(std::move(helper)),
      rules_(rules),
      token_key_(TokenKey::find(sqlite3_db_filename(log_->handle(), "main"))),
      condition_(std::move(condition)),
      one_(log_->prepare(select(*log_, rules.any_header()))) {}

Result<std::unique_ptr<MatchIndex>> MatchIndex::open(const std::string& log_path,
                                                     const std::string& session,
                                                     const MatchRules& rules) {
  auto log = open_log(log_path);
  if (!log) return std::move(log).error();
  auto helper = open_log(log_path);
  if (!helper) return std::move(helper).error();
  std::string condition = kAnswered;
  if (!session.empty()) {
    auto ids = sessions_named(**log, session);
    if (!ids) return std::move(ids).error();
    condition += " AND session_id IN (" + *ids + ")";
  }
  return std::unique_ptr<MatchIndex>(
      new MatchIndex(*std::move(log), *std::move(helper), std::move(condition), rules));
}

/// Much is read by two threads, the older half and the newer.
void MatchIndex::read_new() {
  Statement newest = log_->prepare("SELECT coalesce(max(id), 0) FROM exchange");
  newest.step();
  const std::int64_t last = newest.integer(0);
  newest.reset();
  if (last - last_id_ < kWorthTwoThreads) return add(read(*log_, last_id_, last));
  const std::int64_t middle = last_id_ + (last - last_id_) / 2;
  auto newer = std::async(std::launch::async, [&] { return read(*helper_, middle, last); });
  add(read(*log_, last_id_, middle));
  add(newer.get());
}

MatchIndex::Stretch MatchIndex::read(Database& log, std::int64_t after, std::int64_t until) const {
  Statement rows =
      log.prepare("SELECT id, host, port, path FROM exchange WHERE id > ?1 AND id <= ?2 AND " +
                  condition_ + " ORDER BY id");
  rows.bind(1, after);
  rows.bind(2, until);
  Stretch stretch;
  while (rows.step()) {
    stretch.last_id = rows.integer(0);
    const std::string_view host = rows.text(1);
    const auto port = static_cast<int>(rows.integer(2));
    const std::string path = from_utf8(rows.text(3));
    const bool veiled = holds_token(host) || holds_token(path);
    stretch.places.push_back({veiled ? kVeiled : place_of(host, port, path), stretch.last_id});
    auto& some = stretch.by_host[std::string(host)];
    if (some.size() < kNear) some.push_back(stretch.last_id);
  }
  std::sort(stretch.places.begin(), stretch.places.end());
  return stretch;
}

void MatchIndex::add(Stretch stretch) {
  if (stretch.last_id == 0) return;
  last_id_ = stretch.last_id;
  for (auto& [host, ids] : stretch.by_host) {
    auto& some = by_host_[host];
    const std::size_t room = std::min(kNear - some.size(), ids.size());
    some.insert(some.end(), ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(room));
  }
  const auto before = static_cast<std::ptrdiff_t>(places_.size());
  places_.insert(places_.end(), stretch.places.begin(), stretch.places.end());
  std::inplace_merge(places_.begin(), places_.begin() + before, places_.end());
}

const MatchIndex::Known& MatchIndex::known(std::uint64_t place) {
  static const Known kNone;
  auto at = std::lower_bound(places_.begin(), places_.end(), Place{place, 0});
  if (at == places_.end() || at->place != place) return kNone;
  Known& known = known_[place];
  at = std::lower_bound(at, places_.end(), Place{place, known.last_id + 1});
  if (at == places_.end() || at->place != place) return known;
  for (; at != places_.end() && at->place == place; ++at) {
    known.last_id = at->id;
    one_.reset();
    if (!one_.bind(1, at->id).step()) continue;
    const Parts parts = parts_of(*log_, one_, request_of(one_), rules_);
    const int status = static_cast<int>(one_.integer(10));
    known.entries.push_back({key_of(parts), at->id, status});
    if (const Blanks blanks = blanks_of(parts); !blanks.empty()) {
      known.blanked[blanks].push_back({key_of(blanked(parts, blanks, nullptr)), at->id, status});
    }
  }
  one_.reset();
  std::sort(known.entries.begin(), known.entries.end());
  for (auto& [blanks, entries] : known.blanked) std::sort(entries.begin(), entries.end());
  return known;
}

std::vector<MatchIndex::Entry> MatchIndex::find_in(const Known& known, const Parts& parts) const {
  std::vector<Entry> found = of_key(known.entries, key_of(parts));
  if (!found.empty()) return found;
  for (const auto& [blanks, entries] : known.blanked) {
    if (!token_key_) break;
    found = of_key(known.entries, key_of(blanked(parts, blanks, &*token_key_)));
    if (!found.empty()) return found;
  }
  for (const auto& [blanks, entries] : known.blanked) {
    found = of_key(entries, key_of(blanked(parts, blanks, nullptr)));
    if (!found.empty()) break;
  }
  return found;
}

std::vector<MatchIndex::Entry> MatchIndex::find(const MatchRequest& request, const Parts& parts) {
  auto found = find_in(known(place_of(request.host, request.port, request.path)), parts);
  if (!found.empty()) return found;
  return find_in(known(kVeiled), parts);
}

std::vector<std::int64_t> MatchIndex::ids() const {
  std::vector<std::int64_t> ids;
  ids.reserve(places_.size());
  for (const Place& place : places_) ids.push_back(place.id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::int64_t> MatchIndex::near(const MatchRequest& request) const {
  std::vector<std::int64_t> ids;
  const std::uint64_t asked = place_of(request.host, request.port, request.path);
  for (auto at = std::lower_bound(places_.begin(), places_.end(), Place{asked, 0});
       at != places_.end() && at->place == asked && ids.size() < kNear; ++at) {
    ids.push_back(at->id);
  }
  if (!ids.empty()) return ids;
  const auto found = by_host_.find(request.host);
  return found == by_host_.end() ? ids : found->second;
}

std::vector<std::string> MatchIndex::hosts() const {
  std::vector<std::string> names;
  for (const auto& [host, ids] : by_host_) {
    if (names.size() < kNear) names.push_back(host);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<Parts> recorded_parts(Database& log, std::int64_t id, const MatchRules& rules) {
  Statement row = log.prepare(select(log, true));
  if (!row.bind(1, id).step()) return std::nullopt;
  return parts_of(log, row, request_of(row), rules);
}

}  // namespace tapedeck::storage
