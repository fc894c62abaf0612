#pragma once

#include <optional>
#include <span>
#include <string>

#include "client/http/result.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// `PRAGMA application_id` of a tapedeck database: "TAPE".
inline constexpr int kApplicationId = 0x54415045;

/// The SQL that leads from schema version i to i + 1, for i = 0, 1, ...; 0 is the empty file.
/// `PRAGMA user_version` holds how many of them a file has seen.
std::span<const char* const> schema_steps() noexcept;

/// The version this build writes: schema_steps().size().
int schema_version() noexcept;

/// SQL: column `redacted` of table `exchange`, NULL in a log that does not have it yet. Throws
/// SqliteError.
std::string redacted_column(Database& log);

/// SQLite's refusal of a file as a sentence, or nullopt when the file is not what is wrong.
std::optional<std::string> damage_sentence(const SqliteError& error, const std::string& path);

/// Makes the file at `path` fit for the writer: creates it (0600, in directories made 0700) when
/// absent, takes group and world access away when it has any, and runs the steps that are missing
/// in one transaction after keeping a copy of the old file as `PATH.vN-backup`.
/// `database` is the writer's connection to `path`, opened after make_private(path).
/// Throws SqliteError, or std::runtime_error with a sentence when the file is not ours to write: a
/// newer schema, another program's database, a damaged file.
void migrate(Database& database, const std::string& path,
             std::span<const char* const> steps = schema_steps());

/// Creates `path` empty when absent, with mode 0600 whatever the umask, in directories made 0700;
/// takes group and world access from it and its -wal and -shm when present. SQLite gives files it
/// creates beside the database the database's mode.
/// Throws std::system_error.
void make_private(const std::string& path);

/// Succeeds when `database` holds a schema that this build can read: for readers, which migrate
/// nothing. The Failure is a sentence naming `path`.
Result<void> check_readable(Database& database, const std::string& path);

}  // namespace tapedeck::storage
