#pragma once

#include <cstdint>
#include <string>

#include "storage/chore.hpp"

namespace tapedeck::storage {

/// Writes a row of table `gap`: a time in which exchanges went by unrecorded.
class GapNote : public Chore {
 public:
  /// Times in microseconds since 1970 UTC.
  GapNote(std::int64_t started_at, std::int64_t ended_at, std::int64_t exchanges,
          std::string reason);

  bool step(Database& log) override;
  std::string result() const override { return "{}"; }

 private:
  std::int64_t started_at_;
  std::int64_t ended_at_;
  std::int64_t exchanges_;
  std::string reason_;
};

}  // namespace tapedeck::storage
