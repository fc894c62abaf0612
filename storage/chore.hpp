#pragma once

#include <string>

#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// Work on the log beside recording, in small steps, so that recording never waits for long.
class Chore {
 public:
  virtual ~Chore() = default;
  /// Does a little of it, some 10 ms, in transactions of its own; false when that was the last.
  /// `log` is the writer's connection. Throws SqliteError, or std::runtime_error with a sentence.
  virtual bool step(Database& log) = 0;
  /// What came of it, as a JSON object.
  virtual std::string result() const = 0;
};

}  // namespace tapedeck::storage
