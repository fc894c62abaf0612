#include "storage/query/log_reader.hpp"

#include <filesystem>

#include "storage/schema.hpp"

namespace tapedeck::storage {
namespace {

Failure cannot_read(const std::string& path, std::error_code code, const std::string& why) {
  return Failure{code, Stage::record, Blame::local, path + ": " + why};
}

}  // namespace

Result<std::unique_ptr<Database>> open_log(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return cannot_read(path, std::make_error_code(std::errc::no_such_file_or_directory),
                       "no log there yet; `tapedeck serve` makes one, --db names another");
  }
  if (std::filesystem::is_directory(path, error)) {
    return cannot_read(path, std::make_error_code(std::errc::is_a_directory),
                       "a log is a file; --db names it");
  }
  try {
    auto database = std::make_unique<Database>(path, Database::Access::read_only);
    if (auto ok = check_readable(*database, path); !ok) return std::move(ok).error();
    return database;
  } catch (const SqliteError& failed) {
    if (auto damage = damage_sentence(failed, path)) {
      return Failure{failed.code(), Stage::record, Blame::local, *std::move(damage)};
    }
    return cannot_read(path, failed.code(), failed.sentence());
  }
}

void read_body(Database& database, std::int64_t body_id,
               const std::function<bool(std::span<const char>)>& sink) {
  Statement small = database.prepare("SELECT bytes FROM body WHERE id = ?1");
  if (small.bind(1, body_id).step() && !small.is_null(0)) {
    sink(small.blob(0));
    return;
  }
  Statement chunks =
      database.prepare("SELECT bytes FROM body_chunk WHERE body_id = ?1 ORDER BY seq");
  chunks.bind(1, body_id);
  while (chunks.step()) {
    if (!sink(chunks.blob(0))) return;
  }
}

}  // namespace tapedeck::storage
