#include "storage/checkpointer.hpp"

#include <sqlite3.h>

namespace tapedeck::storage {
namespace {

/// 8 MiB of 8 KiB pages.
constexpr int kPages = 1024;

}  // namespace

Checkpointer::Checkpointer(Database& database) : database_(database) {
  const auto committed = [](void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
  };
  // Takes the place of SQLite's own automatic checkpoint.
  sqlite3_wal_hook(database_.handle(), committed, &pages_);
}

Checkpointer::~Checkpointer() { sqlite3_wal_hook(database_.handle(), nullptr, nullptr); }

void Checkpointer::after_commit() noexcept {
  if (pages_ < checkpointed_) checkpointed_ = 0;
  if (pages_ - checkpointed_ < kPages) return;
  sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                            nullptr);
  checkpointed_ = pages_;
}

void Checkpointer::finish() noexcept {
  sqlite3_busy_timeout(database_.handle(), 0);
  sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                            nullptr);
}

}  // namespace tapedeck::storage
