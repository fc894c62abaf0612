#include "storage/query/session_list.hpp"

#include <charconv>

namespace tapedeck::storage {
namespace {

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(sentence)};
}

std::vector<std::string> tags_of(Statement& tags, std::int64_t id) {
  std::vector<std::string> found;
  tags.bind(1, id);
  while (tags.step()) found.emplace_back(tags.text(0));
  tags.reset();
  return found;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::vector<SessionSummary> list_sessions(Database& log) {
  // Every exchange is looked at once: there is no index by session.
  Statement rows = log.prepare(
      "SELECT id, name, started_at, ended_at, command, coalesce(exchanges, 0),"
      " coalesce(bytes, 0), pinned, note "
      "FROM session LEFT JOIN"
      " (SELECT session_id, count(*) AS exchanges, sum(request_size + response_size) AS bytes"
      "  FROM exchange GROUP BY session_id) ON session_id = session.id ORDER BY id DESC");
  Statement tags = log.prepare("SELECT tag FROM session_tag WHERE session_id = ?1 ORDER BY tag");
  std::vector<SessionSummary> sessions;
  while (rows.step()) {
    SessionSummary session{.id = rows.integer(0),
                           .name = std::string(rows.text(1)),
                           .started_at = rows.integer(2),
                           .ended_at = std::nullopt,
                           .command = std::string(rows.text(4)),
                           .exchanges = rows.integer(5),
                           .bytes = rows.integer(6),
                           .pinned = rows.integer(7) != 0,
                           .tags = tags_of(tags, rows.integer(0)),
                           .note = std::string(rows.text(8))};
    if (!rows.is_null(3)) session.ended_at = rows.integer(3);
    sessions.push_back(std::move(session));
  }
  return sessions;
}

Result<std::int64_t> find_session(Database& log, std::string_view id_or_name) {
  if (const auto id = number(id_or_name)) {
    Statement one = log.prepare("SELECT 1 FROM session WHERE id = ?1");
    if (one.bind(1, *id).step()) return *id;
  }
  Statement named = log.prepare("SELECT id FROM session WHERE name = ?1 ORDER BY id");
  named.bind(1, id_or_name);
  std::vector<std::int64_t> ids;
  while (named.step()) ids.push_back(named.integer(0));
  const std::string called = "called '" + std::string(id_or_name) + "'";
  if (ids.empty()) return wrong("no session has that id or is " + called);
  if (ids.size() == 1) return ids.front();
  std::string list;
  for (const std::int64_t id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
  return wrong("several sessions are " + called + "; name one by its id: " + list);
}

}  // namespace tapedeck::storage
