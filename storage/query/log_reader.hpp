#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "client/http/result.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Opens a log for reading: live, copied, or on a read-only medium. Fails with Stage::record and a
/// sentence when it is not there, damaged, foreign, or of another schema.
Result<std::unique_ptr<Database>> open_log(const std::string& path);

/// Hands over a body's stored bytes piece by piece, in order, until `sink` returns false. Throws
/// SqliteError.
void read_body(Database& database, std::int64_t body_id,
               const std::function<bool(std::span<const char>)>& sink);

}  // namespace tapedeck::storage
