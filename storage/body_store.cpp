#include "storage/body_store.hpp"

#include <algorithm>
#include <cstring>

namespace tapedeck::storage {
namespace {

std::int64_t first_free_id(Database& database) {
  Statement last = database.prepare("SELECT coalesce(max(id), 0) + 1 FROM body");
  last.step();
  return last.integer(0);
}

}  // namespace

BodyStore::BodyStore(Database& database)
    : database_(database),
      insert_(database.prepare(
          "INSERT INTO body(id, sha256, size, stored_size, bytes) VALUES(?1, ?2, ?3, ?3, ?4) "
          "ON CONFLICT(sha256, size) DO NOTHING")),
      find_(database.prepare("SELECT id FROM body WHERE sha256 = ?1 AND size = ?2")),
      begin_(database.prepare("INSERT INTO body(id, size, stored_size) VALUES(?1, 0, 0)")),
      append_(database.prepare("INSERT INTO body_chunk(body_id, seq, bytes) VALUES(?1, ?2, ?3)")),
      seal_(database.prepare(
          "UPDATE body SET sha256 = ?2, size = ?3, stored_size = ?3 WHERE id = ?1")),
      insert_cut_(database.prepare("INSERT INTO body(id, size, stored_size, truncated, bytes) "
                                   "VALUES(?1, ?2, ?3, 1, ?4)")),
      seal_cut_(database.prepare(
          "UPDATE body SET size = ?2, stored_size = ?3, truncated = 1 WHERE id = ?1")),
      gather_(database.prepare(
          "UPDATE body SET bytes = (SELECT CAST(coalesce(group_concat(bytes, ''), '') AS BLOB)"
          " FROM (SELECT bytes FROM body_chunk WHERE body_id = ?1 ORDER BY seq)) WHERE id = ?1")),
      holds_(database.prepare("SELECT 1 FROM body WHERE id = ?1")),
      remove_chunks_(database.prepare("DELETE FROM body_chunk WHERE body_id = ?1")),
      remove_(database.prepare("DELETE FROM body WHERE id = ?1")),
      next_id_(first_free_id(database)),
      next_id_before_(next_id_) {}

std::int64_t BodyStore::store(const Digest& digest, std::span<const char> bytes) {
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (const auto known = recent_.find(digest, size)) return *known;
  insert_.bind(1, next_id_).bind_blob(2, digest).bind(3, size).bind_blob(4, bytes).run();
  const std::int64_t id =
      database_.changes() > 0 ? next_id_++ : find(digest, size).value_or(next_id_);
  recent_.remember(digest, size, id);
  return id;
}

bool BodyStore::holds(std::int64_t id) {
  const bool found = holds_.bind(1, id).step();
  holds_.reset();
  return found;
}

void BodyStore::begin(std::int64_t id) { begin_.bind(1, id).run(); }

void BodyStore::append(std::int64_t id, std::int64_t seq, std::span<const char> bytes) {
  append_.bind(1, id).bind(2, seq).bind_blob(3, bytes).run();
}

std::int64_t BodyStore::end(std::int64_t id, const Digest& digest, std::int64_t size) {
  auto known = recent_.find(digest, size);
  if (!known) known = find(digest, size);
  if (known) {
    remove_chunks_.bind(1, id).run();
    remove_.bind(1, id).run();
  } else {
    seal_.bind(1, id).bind_blob(2, digest).bind(3, size).run();
    if (size <= static_cast<std::int64_t>(kChunkSize)) {
      gather_.bind(1, id).run();
      remove_chunks_.bind(1, id).run();
    }
  }
  recent_.remember(digest, size, known.value_or(id));
  return known.value_or(id);
}

std::int64_t BodyStore::store_cut(std::span<const char> bytes, std::int64_t whole) {
  const auto kept = static_cast<std::int64_t>(bytes.size());
  insert_cut_.bind(1, next_id_).bind(2, whole).bind(3, kept).bind_blob(4, bytes).run();
  return next_id_++;
}

void BodyStore::end_cut(std::int64_t id, std::int64_t kept, std::int64_t whole) {
  seal_cut_.bind(1, id).bind(2, whole).bind(3, kept).run();
  if (kept > static_cast<std::int64_t>(kChunkSize)) return;
  gather_.bind(1, id).run();
  remove_chunks_.bind(1, id).run();
}

void BodyStore::seal_leftovers() {
  database_.execute(
      "UPDATE body SET (size, stored_size) ="
      " (SELECT coalesce(sum(length(bytes)), 0), coalesce(sum(length(bytes)), 0)"
      "  FROM body_chunk WHERE body_id = body.id) "
      "WHERE sha256 IS NULL AND size = 0");
}

void BodyStore::roll_back() noexcept {
  next_id_ = next_id_before_;
  recent_.clear();
}

void BodyStore::forget() {
  recent_.clear();
  next_id_ = std::max(next_id_, first_free_id(database_));
}

std::optional<std::int64_t> BodyStore::find(const Digest& digest, std::int64_t size) {
  find_.bind_blob(1, digest).bind(2, size);
  std::optional<std::int64_t> id;
  if (find_.step()) id = find_.integer(0);
  find_.reset();
  return id;
}

std::size_t BodyStore::Recent::place(const Digest& digest) noexcept {
  std::uint64_t bits = 0;
  std::memcpy(&bits, digest.data(), sizeof bits);
  return bits % kSlots;
}

std::optional<std::int64_t> BodyStore::Recent::find(const Digest& digest,
                                                    std::int64_t size) const noexcept {
  const Slot& slot = slots_[place(digest)];
  if (slot.id == 0 || slot.size != size || slot.digest != digest) return std::nullopt;
  return slot.id;
}

void BodyStore::Recent::remember(const Digest& digest, std::int64_t size,
                                 std::int64_t id) noexcept {
  slots_[place(digest)] = {digest, size, id};
}

void BodyStore::Recent::clear() noexcept {
  for (Slot& slot : slots_) slot.id = 0;
}

}  // namespace tapedeck::storage
