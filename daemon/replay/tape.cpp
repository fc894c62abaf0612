#include "daemon/replay/tape.hpp"

#include <algorithm>

#include "storage/query/log_reader.hpp"

namespace tapedeck {
namespace {

/// Differences told of the nearest recording; more help nobody.
constexpr std::size_t kToldDifferences = 5;

/// How long the end of a run waits for a recording that is still being read.
constexpr std::chrono::seconds kPatience{5};

/// An answer that only makes sense to a conditional request is none to another.
bool fits(const storage::MatchIndex::Entry& entry, bool conditional) {
  return entry.status != 304 || conditional;
}

bool is_conditional(const http::Fields& headers) {
  return headers.contains("If-None-Match") || headers.contains("If-Modified-Since");
}

Result<void> read(storage::MatchIndex& index) {
  try {
    index.read_new();
    return {};
  } catch (const storage::SqliteError& error) {
    return Failure{error.code(), Stage::record, Blame::local, error.sentence()};
  }
}

}  // namespace

Result<std::shared_ptr<Tape>> Tape::open(const config::Options& options) {
  auto rules = storage::MatchRules::parse(options.match, options.ignore);
  if (!rules) return std::move(rules).error();
  const std::shared_ptr<Tape> tape(new Tape(*std::move(rules), options.db, options.session,
                                            options.exhausted == "repeat", options.mode == "auto"));
  for (const std::string& named : options.session_listen) {
    auto ok =
        storage::MatchIndex::open(options.db, named.substr(0, named.rfind('=')), tape->rules_);
    if (!ok) return std::move(ok).error();
  }
  auto index = storage::MatchIndex::open(options.db, options.session, tape->rules_);
  if (!index) return std::move(index).error();
  tape->first_ = std::async(std::launch::async, [index = index->get()]() { return read(*index); });
  tape->reels_.emplace(options.session, Reel{*std::move(index), {}});
  return tape;
}

Tape::~Tape() {
  if (first_.valid()) reels_.at(session_).index->interrupt();
}

/// Call with the mutex held.
Result<Tape::Reel*> Tape::reel(const std::string& asked) {
  const std::string& session = asked.empty() ? session_ : asked;
  if (const auto found = reels_.find(session); found != reels_.end()) {
    if (session != session_ || !first_.valid()) return &found->second;
    if (auto ok = first_.get(); !ok) {
      reels_.erase(found);
      return std::move(ok).error();
    }
    return &found->second;
  }
  auto index = storage::MatchIndex::open(log_, session, rules_);
  if (!index) return std::move(index).error();
  if (auto ok = read(**index); !ok) return std::move(ok).error();
  return &reels_.emplace(session, Reel{*std::move(index), {}}).first->second;
}

Result<std::optional<std::int64_t>> Tape::take(const std::string& session,
                                               const storage::MatchRequest& request,
                                               const storage::Parts& parts) {
  const std::lock_guard lock(mutex_);
  auto found = reel(session);
  if (!found) return std::move(found).error();
  Reel& reel = **found;
  auto entries = reel.index->find(request, parts);
  if (entries.empty() && grows_) {
    reel.index->read_new();
    entries = reel.index->find(request, parts);
  }
  const bool conditional = is_conditional(request.headers);
  std::erase_if(entries, [&](const auto& entry) { return !fits(entry, conditional); });
  if (entries.empty()) return std::optional<std::int64_t>();
  std::size_t& played = reel.played[entries.front().key];
  if (played >= entries.size() && !repeat_) return std::optional<std::int64_t>();
  const std::int64_t id = entries[std::min(played, entries.size() - 1)].id;
  ++played;
  ++served_;
  used_.insert(id);
  return std::optional(id);
}

std::string Tape::explain(storage::Database& log, const std::string& session,
                          const storage::MatchRequest& request, const storage::Parts& parts) {
  std::vector<std::int64_t> candidates;
  std::vector<std::string> hosts;
  bool exhausted = false;
  {
    const std::lock_guard lock(mutex_);
    auto found = reel(session);
    if (!found) return found.error().detail;
    candidates = (*found)->index->near(request);
    hosts = (*found)->index->hosts();
    exhausted = !(*found)->index->find(request, parts).empty();
  }
  if (exhausted) return "every recorded answer to it was given; --exhausted repeat gives the last";
  std::int64_t nearest = 0;
  std::vector<std::string> least;
  for (const std::int64_t id : candidates) {
    const auto recorded = storage::recorded_parts(log, id, rules_);
    if (!recorded) continue;
    const storage::Blanks blanks = storage::blanks_of(*recorded);
    auto lines = storage::differences(storage::blanked(parts, blanks, nullptr),
                                      storage::blanked(*recorded, blanks, nullptr));
    if (nearest != 0 && lines.size() >= least.size()) continue;
    nearest = id;
    least = std::move(lines);
  }
  if (nearest == 0) {
    if (hosts.empty()) return "nothing is recorded there";
    std::string known;
    for (const std::string& host : hosts) known += (known.empty() ? "" : ", ") + host;
    return "nothing is recorded of that host; of " + known;
  }
  std::string told = "nearest is exchange " + std::to_string(nearest);
  for (std::size_t i = 0; i < least.size() && i < kToldDifferences; ++i) {
    told += (i == 0 ? ": " : "; ") + least[i];
  }
  if (least.size() > kToldDifferences) {
    told += "; and " + std::to_string(least.size() - kToldDifferences) + " more";
  }
  return told;
}

void Tape::note_miss(std::string request, std::string why) {
  const std::lock_guard lock(mutex_);
  ++missed_;
  for (Miss& miss : misses_) {
    if (miss.request != request || miss.why != why) continue;
    ++miss.times;
    return;
  }
  if (misses_.size() < kListed) misses_.push_back({std::move(request), std::move(why)});
}

std::pair<std::uint64_t, std::uint64_t> Tape::counts() const {
  const std::lock_guard lock(mutex_);
  return {served_, missed_};
}

Tape::Summary Tape::summary() {
  const std::lock_guard lock(mutex_);
  Summary summary{.served = served_,
                  .missed = missed_,
                  .misses = misses_,
                  .unused = 0,
                  .unused_ids = {},
                  .unread = false};
  if (first_.valid()) {
    summary.unread = first_.wait_for(kPatience) == std::future_status::timeout;
    if (summary.unread) reels_.at(session_).index->interrupt();
    if (!first_.get()) summary.unread = true;
  }
  for (const auto& [session, reel] : reels_) {
    if (summary.unread && session == session_) continue;
    for (const std::int64_t id : reel.index->ids()) {
      if (used_.contains(id)) continue;
      ++summary.unused;
      if (summary.unused_ids.size() < kListed) summary.unused_ids.push_back(id);
    }
  }
  return summary;
}

}  // namespace tapedeck
