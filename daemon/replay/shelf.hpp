#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "storage/query/recorded.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck {

/// A thread's own reader of the log, with the answers it gave lately at hand.
class Shelf {
 public:
  /// Throws storage::SqliteError.
  explicit Shelf(const std::string& path) : log(path, storage::Database::Access::read_only) {}

  /// Null when there is no such exchange. Throws storage::SqliteError.
  std::shared_ptr<const storage::RecordedResponse> response(std::int64_t exchange_id);

  storage::Database log;

 private:
  static constexpr std::size_t kKept = 256;  ///< answers, of at most 64 KiB of body each
  std::unordered_map<std::int64_t, std::shared_ptr<const storage::RecordedResponse>> kept_;
};

}  // namespace tapedeck
