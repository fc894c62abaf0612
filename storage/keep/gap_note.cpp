#include "storage/keep/gap_note.hpp"

#include <utility>

namespace tapedeck::storage {

GapNote::GapNote(std::int64_t started_at, std::int64_t ended_at, std::int64_t exchanges,
                 std::string reason)
    : started_at_(started_at),
      ended_at_(ended_at),
      exchanges_(exchanges),
      reason_(std::move(reason)) {}

bool GapNote::step(Database& log) {
  log.prepare("INSERT INTO gap(started_at, ended_at, exchanges, reason) VALUES(?1, ?2, ?3, ?4)")
      .bind(1, started_at_)
      .bind(2, ended_at_)
      .bind(3, exchanges_)
      .bind(4, reason_)
      .run();
  return false;
}

}  // namespace tapedeck::storage
