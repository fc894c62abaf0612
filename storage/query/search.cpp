#include "storage/query/search.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::storage {
namespace {

/// How far the text index goes; nullopt for a log without one.
std::optional<std::int64_t> indexed_up_to(Database& log) {
  Statement known = log.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'text_position'");
  if (!known.step()) return std::nullopt;
  Statement position = log.prepare("SELECT id FROM text_position");
  if (!position.step()) return std::nullopt;
  return position.integer(0);
}

}  // namespace

Search::Search(Database& log, const Filter& filter) {
  const auto position = filter.candidates().empty() ? std::nullopt : indexed_up_to(log);
  const std::string& condition = filter.condition();
  const auto read = [&](const std::string& sql, bool candidates) {
    Statement rows = log.prepare(sql + condition + " ORDER BY 1 DESC");
    int next = 1;
    if (position) rows.bind(next++, *position);
    if (candidates) rows.bind(next++, std::string_view(filter.candidates()));
    filter.bind(rows, next);
    if (rows.step()) rows_.push_back(std::move(rows));
  };
  if (!position) {
    read("SELECT id FROM exchange WHERE ", false);
    return;
  }
  // In this order: what the writer indexes between two of them is seen twice, not missed.
  read("SELECT id FROM exchange WHERE id > ?1 AND ", false);
  read("SELECT id FROM exchange WHERE id IN (SELECT id FROM text_pending WHERE id <= ?1) AND ",
       false);
  // CROSS JOIN keeps SQLite from reading table exchange first.
  read(
      "SELECT exchange_text.rowid FROM exchange_text CROSS JOIN exchange"
      " ON exchange.id = exchange_text.rowid"
      " WHERE exchange_text.rowid <= ?1 AND exchange_text MATCH ?2 AND ",
      true);
}

std::optional<std::int64_t> Search::next() {
  while (!rows_.empty()) {
    const auto newest = std::max_element(
        rows_.begin(), rows_.end(), [](auto& a, auto& b) { return a.integer(0) < b.integer(0); });
    const std::int64_t id = newest->integer(0);
    if (!newest->step()) rows_.erase(newest);
    if (std::exchange(last_, id) != id) return id;
  }
  return std::nullopt;
}

}  // namespace tapedeck::storage
