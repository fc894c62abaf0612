#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// A session with what it holds.
struct SessionSummary {
  std::int64_t id;
  std::string name;
  std::int64_t started_at;               ///< us since 1970
  std::optional<std::int64_t> ended_at;  ///< none: running, or killed
  std::string command;
  std::int64_t exchanges;
  std::int64_t bytes;  ///< of bodies, both ways, as they were transferred
  bool pinned;
  std::vector<std::string> tags;
  std::string note;
};

/// All of them, newest first. Throws SqliteError.
std::vector<SessionSummary> list_sessions(Database& log);

/// The session of that id, or else of that name. Fails with Stage::configure and a sentence when
/// there is none, or several have the name. Throws SqliteError.
Result<std::int64_t> find_session(Database& log, std::string_view id_or_name);

}  // namespace tapedeck::storage
