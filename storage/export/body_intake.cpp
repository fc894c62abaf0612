#include "storage/export/body_intake.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck::storage {

void BodyIntake::push(std::string_view bytes) {
  digest_.update(bytes);
  size_ += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty()) {
    // A chunk is written only when more follows: a body of one chunk sits in its row.
    if (pending_.size() == kChunkSize) append(std::exchange(pending_, {}));
    const std::size_t room = std::min(kChunkSize - pending_.size(), bytes.size());
    pending_ += bytes.substr(0, room);
    bytes.remove_prefix(room);
  }
}

void BodyIntake::append(std::string_view chunk) {
  if (large_id_ == 0) {
    large_id_ = store_.reserve_id();
    store_.begin(large_id_);
  }
  store_.append(large_id_, next_seq_++, chunk);
}

BodyIntake::Stored BodyIntake::finish() {
  Stored stored;
  stored.size = size_;
  const Digest digest = digest_.finish();
  if (large_id_ != 0) {
    append(pending_);
    stored.id = store_.end(large_id_, digest, size_);
  } else if (size_ > 0) {
    stored.id = store_.store(digest, pending_);
  }
  pending_.clear();
  large_id_ = next_seq_ = size_ = 0;
  return stored;
}

}  // namespace tapedeck::storage
