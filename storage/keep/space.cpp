#include "storage/keep/space.hpp"

#include <sqlite3.h>
#include <string>

namespace tapedeck::storage {
namespace {

constexpr std::int64_t kIncrementalVacuum = 2;

std::int64_t pragma(Database& log, const std::string& name) {
  Statement statement = log.prepare("PRAGMA " + name);
  return statement.step() ? statement.integer(0) : 0;
}

}  // namespace

std::int64_t file_size(Database& log) {
  return pragma(log, "page_count") * pragma(log, "page_size");
}

std::int64_t used_size(Database& log) {
  return (pragma(log, "page_count") - pragma(log, "freelist_count")) * pragma(log, "page_size");
}

bool give_back_space(Database& log, const StepBudget& budget) {
  if (pragma(log, "auto_vacuum") != kIncrementalVacuum) return false;
  bool more = true;
  Transaction transaction(log);
  do {
    more = pragma(log, "freelist_count") > 0;
    if (more) log.execute("PRAGMA incremental_vacuum(16)");
  } while (more && !budget.spent());
  transaction.commit();
  return more;
}

void move_wal(Database& log) {
  sqlite3_wal_checkpoint_v2(log.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

bool empty_wal(Database& log) {
  // Who reads is not waited for: whoever is recording would wait too.
  const std::int64_t timeout = pragma(log, "busy_timeout");
  sqlite3_busy_timeout(log.handle(), 0);
  const int result = sqlite3_wal_checkpoint_v2(log.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                               nullptr, nullptr);
  sqlite3_busy_timeout(log.handle(), static_cast<int>(timeout));
  return result == SQLITE_OK;
}

}  // namespace tapedeck::storage
