#include "storage/body_store.hpp"

namespace tapedeck::storage {
namespace {

/// Entries of the digest cache before it starts over.
constexpr std::size_t kKnownDigests = 8'192;

}  // namespace

BodyStore::BodyStore(Database& database)
    : database_(database),
      find_(database.prepare("SELECT id FROM body WHERE sha256 = ?1")),
      insert_(database.prepare("INSERT INTO body (sha256, size, stored_size) VALUES (?1, ?2, ?2)")),
      insert_chunk_(
          database.prepare("INSERT INTO body_chunk (body_id, seq, bytes) VALUES (?1, ?2, ?3)")),
      complete_(database.prepare(
          "UPDATE body SET sha256 = ?2, size = ?3, stored_size = ?3 WHERE id = ?1")),
      delete_chunks_(database.prepare("DELETE FROM body_chunk WHERE body_id = ?1")),
      delete_row_(database.prepare("DELETE FROM body WHERE id = ?1")) {}

std::optional<std::int64_t> BodyStore::store(std::span<const char> bytes) {
  if (bytes.empty()) return std::nullopt;
  digest_.update(bytes);
  const std::string sha256 = digest_.finish();
  if (const auto existing = find(sha256)) return existing;
  const std::int64_t id = insert_row(sha256, static_cast<std::int64_t>(bytes.size()));
  insert_chunk(id, 0, bytes);
  remember(sha256, id);
  return id;
}

void BodyStore::append(GrowingBody& body, std::span<const char> bytes) {
  if (bytes.empty()) return;
  if (body.id == 0) body.id = insert_row({}, 0);
  insert_chunk(body.id, body.pieces++, bytes);
  body.digest.update(bytes);
  body.size += static_cast<std::int64_t>(bytes.size());
}

std::optional<std::int64_t> BodyStore::finish(GrowingBody& body) {
  if (body.id == 0) return std::nullopt;
  const std::string sha256 = body.digest.finish();
  if (const auto existing = find(sha256)) {
    delete_chunks_.bind(1, body.id).run();
    delete_row_.bind(1, body.id).run();
    return existing;
  }
  complete_.bind(1, body.id).bind(2, sha256).bind(3, body.size).run();
  remember(sha256, body.id);
  return body.id;
}

std::optional<std::int64_t> BodyStore::find(const std::string& sha256) {
  if (const auto known = known_.find(sha256); known != known_.end()) return known->second;
  std::optional<std::int64_t> id;
  if (find_.bind(1, sha256).step()) id = find_.integer(0);
  find_.reset();
  if (id) remember(sha256, *id);
  return id;
}

void BodyStore::remember(const std::string& sha256, std::int64_t id) {
  if (known_.size() >= kKnownDigests) known_.clear();
  known_.emplace(sha256, id);
}

std::int64_t BodyStore::insert_row(std::string_view sha256, std::int64_t size) {
  insert_.bind_or_null(1, sha256).bind(2, size).run();
  return database_.last_insert_id();
}

void BodyStore::insert_chunk(std::int64_t id, std::int64_t seq, std::span<const char> bytes) {
  insert_chunk_.bind(1, id).bind(2, seq).bind_blob(3, bytes).run();
}

}  // namespace tapedeck::storage
