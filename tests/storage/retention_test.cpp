#include "storage/keep/retention.hpp"

#include "storage/keep/space.hpp"
#include "storage/log_writer.hpp"
#include "storage/session_table.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;
using testing::RecorderTest;

constexpr std::int64_t kDay = 86'400'000'000;

class RetentionTest : public RecorderTest {
 protected:
  /// Exchanges 1 to `count`, each with 10 kB, the last begun now, each other a day before the next.
  void record_days(std::int64_t count) {
    {
      const auto recorder = open();
      for (int n = 1; n <= count; ++n) {
        begin(*recorder, n).response_body(bytes(10'000, static_cast<unsigned>(n)));
      }
    }
    LogWriter writer(path_);
    writer.database()
        .prepare("UPDATE exchange SET started_at = ?1 - (?2 - id) * ?3")
        .bind(1, unix_microseconds())
        .bind(2, count)
        .bind(3, kDay)
        .run();
  }
  Removed keep(std::vector<RetentionRule> rules) {
    LogWriter writer(path_);
    Retention retention(std::move(rules));
    while (retention.step(writer.database())) continue;
    return retention.removed();
  }
  std::string left() { return value("SELECT group_concat(id) FROM exchange"); }
};

TEST_F(RetentionTest, WhatIsTooOldGoes) {
  record_days(5);
  EXPECT_EQ(keep({{{}, 10 * kDay, {}}}).exchanges, 0);
  const Removed removed = keep({{{}, 2 * kDay + kDay / 2, {}}});
  EXPECT_EQ(removed.exchanges, 2);
  EXPECT_EQ(removed.bodies, 2);
  EXPECT_EQ(removed.bytes, 20'000);
  EXPECT_EQ(left(), "3,4,5");
}

TEST_F(RetentionTest, OfWhatAFilterSelectsAlone) {
  record_days(4);
  EXPECT_EQ(keep({{{"-path:/2"}, kDay / 2, {}}}).exchanges, 2);
  EXPECT_EQ(left(), "2,4");
}

TEST_F(RetentionTest, TheNewestThatFitAreKept) {
  record_days(6);
  EXPECT_EQ(keep({{{"host:example.test"}, {}, 100'000}}).exchanges, 0);
  EXPECT_EQ(keep({{{"host:other.test"}, {}, 0}}).exchanges, 0);
  EXPECT_EQ(keep({{{"-path:/5"}, {}, 25'000}}).exchanges, 3);
  EXPECT_EQ(left(), "4,5,6");
  EXPECT_EQ(keep({{{"path:/5"}, {}, 0}}).exchanges, 1);
}

TEST_F(RetentionTest, TheFileKeepsItsSize) {
  record_days(60);
  EXPECT_EQ(keep({{{}, {}, 1 << 20}}).exchanges, 0);
  const std::int64_t size = 400'000;
  EXPECT_GT(keep({{{}, {}, size}}).exchanges, 10);
  LogWriter writer(path_);
  EXPECT_LE(file_size(writer.database()), size);
}

TEST_F(RetentionTest, EachRuleHasItsTurn) {
  record_days(5);
  EXPECT_EQ(keep({{{"path:/5"}, {}, 0}, {{}, 3 * kDay + kDay / 2, 10 << 20}}).exchanges, 2);
  EXPECT_EQ(left(), "2,3,4");
}

TEST_F(RetentionTest, PinnedSessionsStayAndDoNotCount) {
  record_days(3);
  {
    LogWriter writer(path_);
    writer.database().execute("UPDATE session SET pinned = 1");
  }
  EXPECT_EQ(keep({{{}, kDay / 2, {}}, {{"host:*"}, {}, 0}}).exchanges, 0);
  EXPECT_EQ(left(), "1,2,3");
}

TEST_F(RetentionTest, AnEmptyLogIsLookedAt) {
  record_days(0);
  EXPECT_EQ(keep({{{}, kDay, 1 << 20}, {{"host:a"}, kDay, 0}}).exchanges, 0);
}

}  // namespace
}  // namespace tapedeck::storage
