#include "storage/arrivals.hpp"

#include <gtest/gtest.h>

#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;
using Events = std::vector<Arrivals::Event>;

TEST(Arrivals, WhatComesWithTheHeadIsNone) {
  Arrivals arrivals;
  arrivals.add(0, 0);
  arrivals.add(10, 999);
  EXPECT_EQ(arrivals.take(), Events{});
}

TEST(Arrivals, OnesCloseTogetherAreOne) {
  Arrivals arrivals;
  arrivals.add(0, 1'000);
  arrivals.add(10, 1'999);
  arrivals.add(20, 2'000);
  EXPECT_EQ(arrivals.take(), (Events{{0, 1'000}, {20, 2'000}}));
  arrivals.add(30, 2'500);
  arrivals.add(40, 3'500);
  EXPECT_EQ(arrivals.take(), (Events{{40, 3'500}}));
}

TEST(Arrivals, WithoutBytesTheNextOneCounts) {
  Arrivals arrivals;
  arrivals.add(0, 1'000);
  arrivals.add(0, 5'000);
  EXPECT_EQ(arrivals.take(), (Events{{0, 5'000}}));
}

TEST(Arrivals, ADayOfThemIsBounded) {
  Arrivals arrivals;
  std::size_t kept = 0;
  for (std::int64_t ms = 1; ms <= 24 * 3'600 * 1'000; ++ms) {
    arrivals.add(ms, ms * 1'000);
    if (ms % 1'000 == 0) kept += arrivals.take().size();
  }
  EXPECT_GT(kept, 50'000u);
  EXPECT_LT(kept, 65'000u);
}

class Stream : public testing::RecorderTest {};

TEST_F(Stream, GrowsInTheLogWhileItLasts) {
  const auto recorder = open();
  Recording recording = begin(*recorder);
  recording.response_body(std::string("data: 0\n\n"));
  recording.publish();
  recording.response_arrived(250'000);
  recording.response_body(std::string("data: 1\n\n"));
  recording.publish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT state || ' ' || response_size FROM exchange"), "open 18");
  EXPECT_EQ(value("SELECT offset || ' ' || at_us FROM stream_event"), "9 250000");
  recording.response_arrived(500'000);
  recording.response_body(std::string("data: 2\n\n"));
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT group_concat(offset || ' ' || at_us) FROM stream_event"),
            "9 250000,18 500000");
  EXPECT_EQ(body("1"), "data: 0\n\ndata: 1\n\ndata: 2\n\n");
  EXPECT_EQ(value("SELECT typeof(bytes) || length(bytes) FROM body"), "blob27");
  EXPECT_EQ(value("SELECT count(*) FROM body_chunk"), "0");
}

TEST_F(Stream, IsWrittenOnlyWhenThereIsMore) {
  const auto recorder = open();
  Recording recording = begin(*recorder);
  recording.publish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  recording.publish();
  EXPECT_EQ(recorder->stats().queued_bytes, 0u);
  recording.response_body(std::string("x"));
  recording.publish();
  EXPECT_GT(recorder->stats().queued_bytes, 0u);
}

TEST_F(Stream, BinaryBodyThatCameInPiecesIsOneRow) {
  const auto recorder = open();
  const std::string sent = bytes(5'000) + std::string(3, '\0') + "\xff\xfe";
  Recording recording = begin(*recorder);
  for (std::size_t at = 0; at < sent.size(); at += 999) {
    recording.response_body(
        std::span(sent).subspan(at, std::min<std::size_t>(999, sent.size() - at)));
    recording.publish();
  }
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT hex(bytes) FROM body"), value("SELECT hex(x'" + [&] {
              std::string hex;
              for (const char c : sent) {
                char two[3];
                std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
                hex += two;
              }
              return hex;
            }() + "')"));
}

}  // namespace
}  // namespace tapedeck::storage
