#include "config/value.hpp"

#include <gtest/gtest.h>

namespace tapedeck::config {
namespace {

using namespace std::chrono_literals;

TEST(Value, DurationsWithUnits) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("10s"), 10s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("30d"), 720h);
}

TEST(Value, WrongDurations) {
  for (const char* text : {"", "s", "10", "-1s", "1.5s", "10 s", "10S", "1001d", "10sx",
                           "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Value, SizesDecimalAndBinary) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("812"), 812u);
  EXPECT_EQ(parse_size("812B"), 812u);
  EXPECT_EQ(parse_size("10k"), 10'000u);
  EXPECT_EQ(parse_size("64KiB"), 65'536u);
  EXPECT_EQ(parse_size("2GiB"), 2ull << 30);
}

TEST(Value, WrongSizes) {
  for (const char* text :
       {"", "k", "-1", "1.5k", "1 k", "1kb", "1K", "9223372036854775808", "99999999999G"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Value, WhatIsFormattedReadsBack) {
  for (const auto value : {1ms, 999ms, 1000ms, 1500ms, 60'000ms, 3'600'000ms, 86'400'000ms}) {
    EXPECT_EQ(parse_duration(format_duration(value)), value);
  }
  for (const std::uint64_t value :
       {0ull, 1ull, 1000ull, 1024ull, 1536ull, 16ull << 20, 2ull << 30}) {
    EXPECT_EQ(parse_size(format_size(value)), value);
  }
  EXPECT_EQ(format_duration(90'000ms), "90s");
  EXPECT_EQ(format_size(16u << 20), "16MiB");
}

}  // namespace
}  // namespace tapedeck::config
