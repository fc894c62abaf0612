#include "storage/session_table.hpp"

#include <chrono>
#include <ctime>
#include <string>

namespace tapedeck::storage {
namespace {

/// "2026-11-23T05:54:58Z"
std::string timestamp(std::int64_t microseconds) {
  const auto seconds = static_cast<std::time_t>(microseconds / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string text(sizeof "2026-11-23T05:54:58Z", '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc));
  return text;
}

}  // namespace

std::int64_t unix_microseconds() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::int64_t begin_session(Database& database, std::string_view name, std::string_view command) {
  const std::int64_t now = unix_microseconds();
  const std::string by_time = timestamp(now);
  database.prepare("INSERT INTO session(name, started_at, command) VALUES(?1, ?2, ?3)")
      .bind(1, name.empty() ? std::string_view(by_time) : name)
      .bind(2, now)
      .bind_or_null(3, command)
      .run();
  const std::int64_t id = database.last_insert_id();
  // `ended_at IS NULL` would not tell it from one that was killed.
  database.execute("CREATE TEMP TABLE IF NOT EXISTS running_session(id INTEGER PRIMARY KEY)");
  database.prepare("INSERT INTO temp.running_session(id) VALUES(?1)").bind(1, id).run();
  return id;
}

void end_session(Database& database, std::int64_t id) {
  database.prepare("UPDATE session SET ended_at = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, unix_microseconds())
      .run();
  database.prepare("DELETE FROM temp.running_session WHERE id = ?1").bind(1, id).run();
}

std::optional<std::int64_t> running_session(Database& database) {
  Statement any =
      database.prepare("SELECT 1 FROM temp.sqlite_schema WHERE name = 'running_session'");
  if (!any.step()) return std::nullopt;
  Statement running = database.prepare("SELECT id FROM temp.running_session");
  if (!running.step()) return std::nullopt;
  return running.integer(0);
}

void remove_session(Database& database, std::int64_t id) {
  Transaction transaction(database);
  database.prepare("DELETE FROM session_tag WHERE session_id = ?1").bind(1, id).run();
  database.prepare("DELETE FROM session WHERE id = ?1").bind(1, id).run();
  transaction.commit();
}

}  // namespace tapedeck::storage
