#include "daemon/replay/shelf.hpp"

namespace tapedeck {

std::shared_ptr<const storage::RecordedResponse> Shelf::response(std::int64_t exchange_id) {
  if (const auto found = kept_.find(exchange_id); found != kept_.end()) return found->second;
  auto read = storage::read_response(log, exchange_id);
  if (!read) return nullptr;
  // Answers are given in turn: one that must go may be any.
  if (kept_.size() >= kKept) kept_.erase(kept_.begin());
  auto kept = std::make_shared<const storage::RecordedResponse>(*std::move(read));
  kept_.emplace(exchange_id, kept);
  return kept;
}

}  // namespace tapedeck
