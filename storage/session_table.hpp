#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Microseconds since 1970, UTC: every time of the log.
std::int64_t unix_microseconds();

/// Makes a row of table `session` that begins now and returns its id; without a name it is called
/// by the time. Throws SqliteError.
std::int64_t begin_session(Database& database, std::string_view name, std::string_view command);
/// Throws SqliteError.
void end_session(Database& database, std::int64_t id);

/// The one that this connection has begun and not ended. Throws SqliteError.
std::optional<std::int64_t> running_session(Database& database);

/// Removes its row and its tags; its exchanges are gone already. Throws SqliteError.
void remove_session(Database& database, std::int64_t id);

}  // namespace tapedeck::storage
