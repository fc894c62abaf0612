#include "storage/body_store.hpp"

#include "storage/schema.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;

class Bodies : public testing::RecorderTest {
 protected:
  Bodies() : database_(path_, Database::Access::read_write_create) { migrate(database_, path_); }

  static Digest digest(std::string_view body) {
    Sha256 sha256;
    sha256.update(body);
    return sha256.finish();
  }

  Database database_;
};

TEST_F(Bodies, DigestIsSha256) {
  Database database(path_, Database::Access::read_only);
  BodyStore(database_).store(digest("abc"), std::string_view("abc"));
  EXPECT_EQ(value("SELECT hex(sha256) FROM body"),
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
}

TEST_F(Bodies, DigestOfPiecesIsThatOfTheWhole) {
  Sha256 pieces;
  pieces.update(std::string_view("a"));
  pieces.update(std::string_view("bc"));
  EXPECT_EQ(pieces.finish(), digest("abc"));
  EXPECT_EQ(pieces.finish(), digest(""));
}

TEST_F(Bodies, FindsWhatAnEarlierRunStored) {
  const std::int64_t first = BodyStore(database_).store(digest("abc"), std::string_view("abc"));
  EXPECT_EQ(BodyStore(database_).store(digest("abc"), std::string_view("abc")), first);
  EXPECT_EQ(value("SELECT count(*) FROM body"), "1");
}

TEST_F(Bodies, RemembersNothingOfATransactionThatWasUndone) {
  BodyStore bodies(database_);
  bodies.begin_transaction();
  std::int64_t first = 0;
  {
    Transaction transaction(database_);
    first = bodies.store(digest("abc"), std::string_view("abc"));
  }
  bodies.roll_back();
  bodies.begin_transaction();
  Transaction transaction(database_);
  EXPECT_EQ(bodies.store(digest("abc"), std::string_view("abc")), first);
  transaction.commit();
  EXPECT_EQ(body(std::to_string(first)), "abc");
}

TEST_F(Bodies, DropsTheChunksOfADuplicate) {
  BodyStore bodies(database_);
  const std::string whole = bytes(2 * kChunkSize);
  const auto store = [&] {
    const std::int64_t id = bodies.reserve_id();
    bodies.begin(id);
    bodies.append(id, 0, std::span(whole).first(kChunkSize));
    bodies.append(id, 1, std::span(whole).subspan(kChunkSize));
    return bodies.end(id, digest(whole), static_cast<std::int64_t>(whole.size()));
  };
  const std::int64_t first = store();
  EXPECT_EQ(store(), first);
  EXPECT_EQ(value("SELECT count(*) FROM body"), "1");
  EXPECT_EQ(value("SELECT count(*) FROM body_chunk"), "2");
  EXPECT_EQ(body(std::to_string(first)), whole);
}

TEST_F(Bodies, OnlyBodiesWithoutEndAreLeftovers) {
  BodyStore bodies(database_);
  const std::int64_t whole = bodies.store(digest("abc"), std::string_view("abc"));
  const std::int64_t cut = bodies.reserve_id();
  bodies.begin(cut);
  bodies.append(cut, 0, std::string_view("12345"));
  bodies.append(cut, 1, std::string_view("678"));
  bodies.seal_leftovers();
  EXPECT_EQ(value("SELECT size || ' ' || stored_size FROM body WHERE sha256 IS NULL"), "8 8");
  EXPECT_EQ(value("SELECT size FROM body WHERE id = " + std::to_string(whole)), "3");
}

}  // namespace
}  // namespace tapedeck::storage
