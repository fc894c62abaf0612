#include "storage/keep/backup.hpp"

#include <filesystem>
#include <sqlite3.h>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "storage/schema.hpp"

namespace tapedeck::storage {
namespace {

/// 2 MiB of 8 KiB pages.
constexpr int kPagesAStep = 256;

}  // namespace

Backup::Backup(std::string file) : file_(std::move(file)) {}

Backup::~Backup() {
  if (backup_ != nullptr) sqlite3_backup_finish(backup_);
  const bool begun = copy_ != nullptr;
  copy_.reset();
  std::error_code ignored;
  if (begun && !finished_) std::filesystem::remove(file_, ignored);
}

bool Backup::step(Database& log) {
  if (copy_ == nullptr) {
    if (std::filesystem::exists(file_)) throw std::runtime_error(file_ + " exists already");
    make_private(file_);
    copy_ = std::make_unique<Database>(file_, Database::Access::read_write_create);
    backup_ = sqlite3_backup_init(copy_->handle(), "main", log.handle(), "main");
    if (backup_ == nullptr) {
      throw SqliteError(sqlite3_extended_errcode(copy_->handle()), sqlite3_errmsg(copy_->handle()));
    }
  }
  const int result = sqlite3_backup_step(backup_, kPagesAStep);
  if (result == SQLITE_OK) return true;
  pages_ = sqlite3_backup_pagecount(backup_);
  const int finished = sqlite3_backup_finish(std::exchange(backup_, nullptr));
  if (result != SQLITE_DONE) throw SqliteError(finished, file_);
  // One file is easier to carry away than three.
  copy_->execute("PRAGMA journal_mode=DELETE");
  finished_ = true;
  return false;
}

std::string Backup::result() const {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file_, error);
  return nlohmann::json{{"file", file_}, {"pages", pages_}, {"bytes", error ? 0 : bytes}}.dump();
}

std::string damage_in(const std::string& copy) {
  try {
    Database database(copy, Database::Access::read_only);
    Statement check = database.prepare("PRAGMA quick_check(1)");
    const std::string found = check.step() ? std::string(check.text(0)) : std::string();
    return found == "ok" ? std::string() : found;
  } catch (const SqliteError& error) {
    return error.sentence();
  }
}

}  // namespace tapedeck::storage
