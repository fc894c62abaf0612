#include "storage/keep/retention.hpp"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "storage/keep/id_window.hpp"
#include "storage/keep/space.hpp"
#include "storage/keep/window_sql.hpp"
#include "storage/session_table.hpp"

namespace tapedeck::storage {
namespace {

/// Rows looked at by one statement.
constexpr std::int64_t kRows = 256;

std::string mine(const Filter& filter) {
  return std::string(" FROM ") + kWindow + " WHERE state <> 'open' AND " + kNotPinned + " AND " +
         filter.condition();
}

}  // namespace

Retention::Retention(std::vector<RetentionRule> rules) {
  for (RetentionRule& rule : rules) {
    if (rule.age_us) rules_.push_back({rule.terms, rule.age_us, {}});
    if (rule.size) rules_.push_back({std::move(rule.terms), {}, rule.size});
  }
}

bool Retention::step(Database& log) {
  if (rule_ == rules_.size()) return false;
  switch (phase_) {
    case Phase::begin:
      begin(log);
      break;
    case Phase::find_old:
      find_old(log);
      break;
    case Phase::find_excess:
      find_excess(log);
      break;
    case Phase::remove:
      if (!removal_->step(log)) next();
      break;
  }
  return rule_ < rules_.size();
}

void Retention::begin(Database& log) {
  const RetentionRule& rule = rules_[rule_];
  if (rule.age_us) {
    filter_ = selected("until:" + std::to_string(*rule.age_us) + "us");
    oldest_ = unix_microseconds() - *rule.age_us;
    at_ = 0;
    phase_ = Phase::find_old;
  } else if (!rule.terms.empty()) {
    filter_ = selected({});
    at_ = largest_id(log, "exchange") + 1;
    size_ = 0;
    phase_ = Phase::find_excess;
  } else if (used_size(log) > *rule.size) {
    remove({}, rule.size);
  } else {
    next();
  }
}

/// Ids rise with time, but for what was imported: that goes along when something else does.
void Retention::find_old(Database& log) {
  const StepBudget budget;
  Statement first = log.prepare("SELECT started_at FROM exchange WHERE id = ?1");
  Statement found = log.prepare("SELECT 1" + mine(filter_) + " LIMIT 1");
  const std::int64_t last = largest_id(log, "exchange");
  while (!budget.spent()) {
    const auto window = next_window(log, "exchange", at_, last, kRows);
    if (!window || !first.bind(1, window->first).step() || first.integer(0) >= oldest_) {
      return next();
    }
    first.reset();
    filter_.bind(found.bind(1, window->first).bind(2, window->last), 3);
    if (found.step()) return remove(std::move(filter_), {});
    found.reset();
    at_ = window->last;
  }
}

/// From the newest down to the first that is too much.
void Retention::find_excess(Database& log) {
  const StepBudget budget;
  Statement rows = log.prepare(
      std::string("SELECT id, ") + kRowSize +
      " + coalesce((SELECT stored_size FROM body WHERE body.id = request_body_id), 0)"
      " + coalesce((SELECT stored_size FROM body WHERE body.id = response_body_id), 0)" +
      mine(filter_) + " ORDER BY id DESC");
  Statement newest = log.prepare("SELECT max(id) FROM exchange WHERE id < ?1");
  while (!budget.spent()) {
    newest.bind(1, at_).step();
    const std::int64_t last = newest.integer(0);
    newest.reset();
    if (last == 0) return next();
    rows.bind(1, std::max<std::int64_t>(last - kRows + 1, 1)).bind(2, last);
    filter_.bind(rows, 3);
    while (rows.step()) {
      size_ += rows.integer(1);
      if (size_ <= *rules_[rule_].size) continue;
      return remove(selected("id:1.." + std::to_string(rows.integer(0))), {});
    }
    rows.reset();
    at_ = std::max<std::int64_t>(last - kRows + 1, 1);
  }
}

Filter Retention::selected(const std::string& term) const {
  std::vector<std::string> terms = rules_[rule_].terms;
  if (!term.empty()) terms.push_back(term);
  auto filter = Filter::parse(terms, unix_microseconds());
  if (!filter) throw std::runtime_error(filter.error().detail);
  return *std::move(filter);
}

void Retention::remove(Filter filter, std::optional<std::int64_t> keep_size) {
  removal_ = std::make_unique<Removal>(
      Doomed{.filter = std::move(filter), .session_id = {}, .keep_size = keep_size}, false);
  phase_ = Phase::remove;
}

void Retention::next() {
  if (removal_) {
    const Removed& removed = removal_->removed();
    removed_.exchanges += removed.exchanges;
    removed_.bodies += removed.bodies;
    removed_.bytes += removed.bytes;
    removal_.reset();
  }
  ++rule_;
  phase_ = Phase::begin;
}

std::string Retention::result() const {
  return nlohmann::json{
      {"exchanges", removed_.exchanges}, {"bodies", removed_.bodies}, {"bytes", removed_.bytes}}
      .dump();
}

}  // namespace tapedeck::storage
