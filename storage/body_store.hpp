#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "storage/digest.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// A body up to this many bytes sits in its `body` row; a larger one in `body_chunk` rows of this
/// size, the last one shorter.
inline constexpr std::size_t kChunkSize = 64u << 10;

/// Tables `body` and `body_chunk`. Identical bodies are stored once.
///
/// Every call belongs to a transaction of the caller's. What is written here can be written again
/// with the same result after roll_back(). Writer thread only. Throws SqliteError.
class BodyStore {
 public:
  explicit BodyStore(Database& database);

  /// Stores a body of at most kChunkSize bytes, or finds it stored. Returns its id.
  std::int64_t store(const Digest& digest, std::span<const char> bytes);

  /// Whether there is such a body still.
  bool holds(std::int64_t id);

  /// An id for a large body that begins to arrive. Never given twice, written or not.
  std::int64_t reserve_id() noexcept { return next_id_++; }
  /// Makes the row of a large body whose chunks follow; its size is 0 until end().
  void begin(std::int64_t id);
  void append(std::int64_t id, std::int64_t seq, std::span<const char> bytes);
  /// Seals a body that came in chunks: one that turned out small becomes one row. Returns its id,
  /// or that of an identical one, in whose favour the chunks just written are removed.
  std::int64_t end(std::int64_t id, const Digest& digest, std::int64_t size);

  /// The same two for a body of `whole` bytes of which a limit let less be kept. It is never taken
  /// for another with the same beginning: its sha256 is NULL.
  std::int64_t store_cut(std::span<const char> bytes, std::int64_t whole);
  void end_cut(std::int64_t id, std::int64_t kept, std::int64_t whole);

  /// Gives bodies that a crash left without an end the size of what did arrive; their sha256 stays
  /// NULL.
  void seal_leftovers();

  /// The caller's transaction begins, or was undone: what was learnt in it is forgotten.
  void begin_transaction() noexcept { next_id_before_ = next_id_; }
  void roll_back() noexcept;
  /// Somebody else changed the tables, between two transactions. Throws SqliteError.
  void forget();

 private:
  /// Recent bodies by digest, so that one seen again costs no SQL: a table in which a newcomer
  /// takes the place of an older digest with the same first bits.
  class Recent {
   public:
    Recent() : slots_(kSlots) {}
    std::optional<std::int64_t> find(const Digest& digest, std::int64_t size) const noexcept;
    void remember(const Digest& digest, std::int64_t size, std::int64_t id) noexcept;
    void clear() noexcept;

   private:
    struct Slot {
      Digest digest;
      std::int64_t size;
      std::int64_t id;  ///< 0: empty
    };
    static constexpr std::size_t kSlots = 2048;
    static std::size_t place(const Digest& digest) noexcept;
    std::vector<Slot> slots_;
  };

  std::optional<std::int64_t> find(const Digest& digest, std::int64_t size);

  Database& database_;
  Statement insert_;
  Statement find_;
  Statement begin_;
  Statement append_;
  Statement seal_;
  Statement insert_cut_;
  Statement seal_cut_;
  Statement gather_;
  Statement holds_;
  Statement remove_chunks_;
  Statement remove_;
  Recent recent_;
  std::int64_t next_id_;
  std::int64_t next_id_before_;
};

}  // namespace tapedeck::storage
