#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "storage/sha256.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// A body that arrives in pieces. Copyable, so that a transaction that failed can be run again
/// from the state before it.
struct GrowingBody {
  std::int64_t id = 0;  ///< 0 until the first piece
  std::int64_t pieces = 0;
  std::int64_t size = 0;
  Sha256 digest;
};

/// Tables body and body_chunk, written inside the caller's transaction. Identical bodies are stored
/// once; an empty body is no row. The writer's thread only.
class BodyStore {
 public:
  explicit BodyStore(Database& database);

  /// A body that is whole; its id, or nothing when it is empty.
  std::optional<std::int64_t> store(std::span<const char> bytes);

  void append(GrowingBody& body, std::span<const char> bytes);
  /// Ends a body that came in pieces; its id, which is another body's when that is identical.
  std::optional<std::int64_t> finish(GrowingBody& body);

  /// Forget what was learned in a transaction that did not commit.
  void rolled_back() { known_.clear(); }

 private:
  std::optional<std::int64_t> find(const std::string& sha256);
  void remember(const std::string& sha256, std::int64_t id);
  std::int64_t insert_row(std::string_view sha256, std::int64_t size);
  void insert_chunk(std::int64_t id, std::int64_t seq, std::span<const char> bytes);

  Database& database_;
  Statement find_;
  Statement insert_;
  Statement insert_chunk_;
  Statement complete_;
  Statement delete_chunks_;
  Statement delete_row_;
  Sha256 digest_;
  /// Digests seen lately: most bodies of an API repeat.
  std::unordered_map<std::string, std::int64_t> known_;
};

}  // namespace tapedeck::storage
