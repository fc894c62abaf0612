#include <algorithm>

#include "storage/match/index.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::RecorderTest;
using Ids = std::vector<std::int64_t>;

class MatchIndexTest : public RecorderTest {
 protected:
  struct Asked {
    std::string path = "/";
    std::string host = "example.test";
    std::string query = {};
  };
  void record(Recorder& recorder, const Asked& asked, int status = 200) {
    Recording recording = begin(recorder);
    recording.row().host = asked.host;
    recording.row().path = asked.path;
    if (!asked.query.empty()) recording.row().query = asked.query;
    recording.row().status = status;
    recording.finish(commits_.expect());
  }
  std::unique_ptr<MatchIndex> read(const std::string& session = "") {
    EXPECT_TRUE(commits_.wait());
    auto index = MatchIndex::open(path_, session, rules_);
    if (!index) throw std::runtime_error(index.error().to_string());
    (*index)->read_new();
    return *std::move(index);
  }
  Ids found(MatchIndex& index, const Asked& asked) const {
    const MatchRequest request = request_of(asked);
    Ids ids;
    for (const auto& entry : index.find(request, request.parts(std::nullopt, rules_))) {
      ids.push_back(entry.id);
    }
    return ids;
  }
  static MatchRequest request_of(const Asked& asked) {
    MatchRequest request;
    request.method = "GET";
    request.scheme = "http";
    request.host = asked.host;
    request.port = 80;
    request.path = asked.path;
    if (!asked.query.empty()) request.query = asked.query;
    return request;
  }

  MatchRules rules_;
};

TEST_F(MatchIndexTest, FindsEachInTheOrderItWasRecorded) {
  const auto recorder = open();
  for (const char* path : {"/a", "/b", "/a", "/a%2fb", "/a"}) record(*recorder, {path});
  const auto index = read();
  EXPECT_EQ(found(*index, {"/a"}), (Ids{1, 3, 5}));
  EXPECT_EQ(found(*index, {"/b"}), Ids{2});
  EXPECT_EQ(found(*index, {"/%61"}), (Ids{1, 3, 5})) << "the same path (RFC 3986 section 6.2.2)";
  EXPECT_EQ(found(*index, {"/a%2Fb"}), Ids{4});
  EXPECT_EQ(found(*index, {"/a", "other.test"}), Ids{});
  EXPECT_EQ(found(*index, {"/a", "example.test", "q=1"}), Ids{});
  EXPECT_EQ(index->ids(), (Ids{1, 2, 3, 4, 5}));
}

TEST_F(MatchIndexTest, TellsApartWhatIsOfOnePlace) {
  const auto recorder = open();
  for (int n = 0; n < 300; ++n) {
    record(*recorder, {"/rpc", "example.test", "n=" + std::to_string(n % 100)});
  }
  const auto index = read();
  EXPECT_EQ(found(*index, {"/rpc", "example.test", "n=7"}), (Ids{8, 108, 208}));
  EXPECT_EQ(found(*index, {"/rpc", "example.test", "n=100"}), Ids{});
  EXPECT_EQ(index->near(request_of({"/rpc"})).size(), MatchIndex::kNear);
}

TEST_F(MatchIndexTest, AddsWhatWasRecordedSinceToPlacesAlreadyAskedFor) {
  const auto recorder = open();
  record(*recorder, {"/a"});
  const auto index = read();
  EXPECT_EQ(found(*index, {"/a"}), Ids{1});
  EXPECT_EQ(found(*index, {"/b"}), Ids{});
  record(*recorder, {"/b"});
  record(*recorder, {"/a"});
  EXPECT_EQ(found(*index, {"/a"}), Ids{1});
  ASSERT_TRUE(commits_.wait());
  index->read_new();
  EXPECT_EQ(found(*index, {"/a"}), (Ids{1, 3}));
  EXPECT_EQ(found(*index, {"/b"}), Ids{2});
}

/// Enough for two threads, which must make one index.
TEST_F(MatchIndexTest, ALargeLogIsOneIndex) {
  {
    const auto recorder = open();
    for (const char* path : {"/a", "/b"}) record(*recorder, {path});
    ASSERT_TRUE(commits_.wait());
  }
  {
    Database log(path_, Database::Access::read_write_create);
    log.execute(
        "CREATE TEMP TABLE some AS SELECT * FROM exchange;"
        "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
        " INSERT INTO temp.some SELECT exchange.* FROM n JOIN exchange ON exchange.id = 1 + n.i % "
        "2;"
        "DELETE FROM exchange; UPDATE some SET id = rowid; INSERT INTO exchange SELECT * FROM "
        "some");
  }
  const auto index = read();
  const Ids all = index->ids();
  EXPECT_EQ(all.size(), 60'000u);
  EXPECT_EQ(Ids(all.begin(), all.begin() + 3), (Ids{1, 2, 3}));
  const Ids a = found(*index, {"/a"});
  const Ids b = found(*index, {"/b"});
  EXPECT_TRUE(std::is_sorted(a.begin(), a.end()));
  EXPECT_EQ(a.size() + b.size(), 60'000u);
  EXPECT_EQ(index->near(request_of({"/none"})).back(), 64) << "the oldest of the host";
  const auto recorder = open();
  record(*recorder, {"/new"});
  ASSERT_TRUE(commits_.wait());
  index->read_new();
  EXPECT_EQ(found(*index, {"/new"}).size(), 1u);
}

TEST_F(MatchIndexTest, AHostOrAPathThatHoldsATokenIsFoundByAnyInItsPlace) {
  const auto recorder = open();
  record(*recorder, {"/users/[redacted:0123456789ab]/cart"});
  record(*recorder, {"/", "[redacted:0123456789ab].test"});
  record(*recorder, {"/users/7"});
  const auto index = read();
  EXPECT_EQ(found(*index, {"/users/s3cret/cart"}), Ids{1});
  EXPECT_EQ(found(*index, {"/users/s3cret/card"}), Ids{});
  EXPECT_EQ(found(*index, {"/users/7"}), Ids{3});
  EXPECT_EQ(found(*index, {"/users/s3cret/cart", "other.test"}), Ids{});
}

TEST_F(MatchIndexTest, HasOneSessionOrAll) {
  for (const char* name : {"one", "two", "one"}) {
    RecorderOptions options;
    options.session_name = name;
    record(*open(std::move(options)), {"/a"});
  }
  EXPECT_EQ(found(*read("one"), {"/a"}), (Ids{1, 3}));
  EXPECT_EQ(found(*read("two"), {"/a"}), Ids{2});
  EXPECT_EQ(found(*read(), {"/a"}), (Ids{1, 2, 3}));
  const auto none = MatchIndex::open(path_, "three", rules_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().detail, "no session 'three' in the log; there are one, two");
}

TEST_F(MatchIndexTest, HasOnlyWhatWasAnswered) {
  const auto recorder = open();
  record(*recorder, {"/switched"}, 101);
  {
    Recording failed = begin(*recorder);
    failed.row().path = "/failed";
    failed.row().state = State::failed;
    failed.finish(commits_.expect());
  }
  const auto index = read();
  EXPECT_EQ(index->ids(), Ids{});
  EXPECT_EQ(found(*index, {"/switched"}), Ids{});
  EXPECT_EQ(found(*index, {"/failed"}), Ids{});
}

}  // namespace
}  // namespace tapedeck::storage
