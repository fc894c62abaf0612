#pragma once

#include <string>

#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// PRAGMA user_version of the databases this binary writes.
inline constexpr int kSchemaVersion = 1;
/// PRAGMA application_id: "tdck".
inline constexpr int kApplicationId = 0x7464636b;

/// Makes a new database's pragmas and tables, or brings an older one forward, in one transaction,
/// after the old file was copied to `PATH.vN-backup`. `path` names the open database.
/// Throws std::runtime_error with a sentence for a foreign or newer database.
void migrate(Database& database, const std::string& path);

/// What a reader must see before it trusts the tables; throws like migrate().
void check_schema(Database& database);

}  // namespace tapedeck::storage
