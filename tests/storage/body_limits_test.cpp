#include "storage/body_limits.hpp"

#include "storage/body_store.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;
using testing::RecorderTest;

TEST(BodyLimits, TheSmallestThatConcernsABodyHolds) {
  const BodyLimits limits({{.bytes = 1000},
                           {.request = false, .type = "image/*", .bytes = 10},
                           {.response = false, .type = "image/png", .bytes = 5}});
  EXPECT_EQ(limits.of(Side::request, "text/plain"), 1000);
  EXPECT_EQ(limits.of(Side::response, "Image/PNG; q=1"), 10);
  EXPECT_EQ(limits.of(Side::request, "image/png"), 5);
  EXPECT_EQ(BodyLimits().of(Side::request, "text/plain"), BodyLimits::kNone);
}

TEST(BodyLimits, ABodyWithoutATypeIsAnOctetStream) {
  const BodyLimits limits({{.type = "application/octet-stream", .bytes = 1}});
  EXPECT_EQ(limits.of(Side::request, ""), 1);
  EXPECT_EQ(limits.of(Side::request, "text/plain"), BodyLimits::kNone);
}

class LimitedBodies : public RecorderTest {
 protected:
  /// Records a response of `size` bytes, `step` at a time, of which `limit` may be kept; returns
  /// the columns of its body.
  std::string recorded(std::int64_t limit, std::size_t size, std::size_t step) {
    RecorderOptions options;
    options.body_limits = BodyLimits({{.request = false, .bytes = limit}});
    const auto recorder = open(options);
    Recording recording = begin(*recorder);
    const std::string sent = bytes(size);
    recording.request_body(sent);
    for (std::size_t at = 0; at < size; at += step) {
      recording.response_body(std::string_view(sent).substr(at, step));
    }
    recording.row().state = State::complete;
    recording.finish(commits_.expect());
    EXPECT_TRUE(commits_.wait());
    const std::string last = "(SELECT max(id) FROM exchange)";
    EXPECT_EQ(value("SELECT response_size FROM exchange WHERE id = " + last), std::to_string(size));
    const std::string id = value("SELECT response_body_id FROM exchange WHERE id = " + last);
    const auto kept = std::min(size, static_cast<std::size_t>(limit));
    EXPECT_EQ(body(id), sent.substr(0, kept));
    return value(
        "SELECT size || ' ' || stored_size || ' ' || truncated || ' ' || (sha256 IS NULL)"
        " FROM body WHERE id = " +
        id);
  }
};

TEST_F(LimitedBodies, UpToTheLimitABodyIsWhole) {
  EXPECT_EQ(recorded(100, 100, 7), "100 100 0 0");
  EXPECT_EQ(recorded(100'000, 100'000, 8000), "100000 100000 0 0");
}

TEST_F(LimitedBodies, BeyondItTheRowSaysWhatIsMissing) {
  EXPECT_EQ(recorded(100, 101, 7), "101 100 1 1");
  EXPECT_EQ(recorded(100, 101, 101), "101 100 1 1");
  EXPECT_EQ(recorded(0, 5, 5), "5 0 1 1");
  EXPECT_EQ(recorded(100'000, 300'000, 8000), "300000 100000 1 1");
}

TEST_F(LimitedBodies, AtTheEdgesOfAChunk) {
  const auto chunk = static_cast<std::int64_t>(kChunkSize);
  for (const std::int64_t limit : {chunk - 1, chunk, chunk + 1, 2 * chunk}) {
    const std::size_t size = 3 * kChunkSize;
    EXPECT_EQ(recorded(limit, size, 5000),
              std::to_string(size) + " " + std::to_string(limit) + " 1 1");
  }
}

TEST_F(LimitedBodies, ACutBodyIsNotTakenForTheWholeOne) {
  EXPECT_EQ(recorded(100, 200, 200), "200 100 1 1");
  EXPECT_EQ(recorded(1000, 200, 200), "200 200 0 0");
  EXPECT_EQ(recorded(100, 100, 100), "100 100 0 0");
  EXPECT_EQ(value("SELECT count(DISTINCT response_body_id) FROM exchange"), "3");
}

}  // namespace
}  // namespace tapedeck::storage
