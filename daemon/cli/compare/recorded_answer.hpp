#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/compare/response.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::cli {

/// A recorded exchange as it is compared with another, and what people call it.
struct RecordedAnswer {
  std::int64_t id = 0;
  std::string method;
  std::string url;
  std::string host;
  std::string path;
  std::optional<std::int64_t> total_us;
  storage::ComparedResponse response;
};

/// Nullopt when it is not in the log. Throws SqliteError.
std::optional<RecordedAnswer> read_answer(storage::Database& log, std::int64_t id);

}  // namespace tapedeck::cli
