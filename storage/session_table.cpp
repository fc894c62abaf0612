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
  return database.last_insert_id();
}

void end_session(Database& database, std::int64_t id) {
  database.prepare("UPDATE session SET ended_at = ?2 WHERE id = ?1")
      .bind(1, id)
      .bind(2, unix_microseconds())
      .run();
}

}  // namespace tapedeck::storage
