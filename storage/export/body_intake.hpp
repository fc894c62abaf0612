#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/body_store.hpp"
#include "storage/digest.hpp"

namespace tapedeck::storage {

/// One body after another into the store, of any size, within the caller's transaction. Throws
/// SqliteError.
class BodyIntake {
 public:
  explicit BodyIntake(BodyStore& store) : store_(store) {}

  void push(std::string_view bytes);
  struct Stored {
    std::optional<std::int64_t> id;  ///< nullopt: there were no bytes
    std::int64_t size = 0;
  };
  /// Ends the body and starts afresh.
  Stored finish();

 private:
  void append(std::string_view chunk);

  BodyStore& store_;
  Sha256 digest_;
  std::string pending_;        ///< at most a chunk
  std::int64_t large_id_ = 0;  ///< 0: it has been one chunk so far
  std::int64_t next_seq_ = 0;
  std::int64_t size_ = 0;
};

}  // namespace tapedeck::storage
