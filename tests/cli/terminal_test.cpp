#include "daemon/cli/terminal.hpp"

#include <gtest/gtest.h>

namespace tapedeck::cli {
namespace {

TEST(Terminal, RecordedTextIsMadeHarmless) {
  const std::pair<std::string_view, const char*> cases[] = {
      {"plain", "plain"},
      {"caf\u00e9 \u65e5\u672c", "caf\u00e9 \u65e5\u672c"},
      {"\x1b[31mred", "\\x1b[31mred"},
      {std::string_view("a\0b", 3), "a\\x00b"},
      {"bell\a", "bell\\x07"},
      {"del\x7f", "del\\x7f"},
      {"c1 \u009b31m", "c1 \\x9b31m"},
      {"raw \x9b", "raw \\x9b"},
      {"rtl \u202e", "rtl \\u{202e}"},
      {"isolate \u2066", "isolate \\u{2066}"},
      {"line\u2028", "line\\u{2028}"},
      {"cut \xe2\x82", "cut \\xe2\\x82"},
      {"overlong \xc0\xaf", "overlong \\xc0\\xaf"},
      {"surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80"},
      {"beyond \xf4\x90\x80\x80", "beyond \\xf4\\x90\\x80\\x80"},
      {"a\nb\tc", "a\\x0ab\\x09c"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(harmless(text), expected);
  EXPECT_EQ(harmless("a\nb\tc\r", true), "a\nb\tc\\x0d");
}

TEST(Terminal, NoByteOfAnyTextIsAControlCharacterAfterwards) {
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const char bytes[] = {static_cast<char>(first), static_cast<char>(second)};
      for (const char c : harmless({bytes, 2})) {
        const auto byte = static_cast<unsigned char>(c);
        ASSERT_TRUE(byte >= 0x20 && byte != 0x7f) << first << ' ' << second;
      }
    }
  }
}

TEST(Terminal, SizesForPeople) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, "0 B"},          {999, "999 B"},      {1'000, "1.0 kB"},
      {1'234, "1.2 kB"},   {9'949, "9.9 kB"},   {9'999, "10 kB"},
      {999'499, "999 kB"}, {999'500, "1.0 MB"}, {5'000'000'000, "5.0 GB"}};
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(human_size(bytes), expected);
}

TEST(Terminal, DurationsForPeople) {
  const std::pair<std::int64_t, const char*> cases[] = {{0, "0 us"},
                                                        {999, "999 us"},
                                                        {1'000, "1.0 ms"},
                                                        {9'949, "9.9 ms"},
                                                        {9'950, "10 ms"},
                                                        {340'000, "340 ms"},
                                                        {1'000'000, "1.0 s"},
                                                        {59'900'000, "59.9 s"},
                                                        {123'000'000, "2m03s"},
                                                        {3'660'000'000, "1h01m"}};
  for (const auto& [time, expected] : cases) EXPECT_EQ(human_duration(time), expected);
}

TEST(Terminal, TimesTakeTwelveColumns) {
  constexpr std::int64_t kDay = 86'400'000'000;
  constexpr std::int64_t kNow = 1'795'000'000'123'000;
  EXPECT_EQ(human_time(kNow, kNow), full_time(kNow).substr(11));
  EXPECT_TRUE(human_time(kNow, kNow).ends_with(".123"));
  for (const std::int64_t ago : {std::int64_t{0}, kDay, 100 * kDay, 1000 * kDay}) {
    EXPECT_EQ(human_time(kNow - ago, kNow).size(), 12u) << ago;
  }
  EXPECT_TRUE(human_time(kNow - 1000 * kDay, kNow).ends_with("  2024"));
}

TEST(Terminal, TextIsCutAndPaddedByColumns) {
  EXPECT_EQ(truncated("abcdef", 6), "abcdef");
  EXPECT_EQ(truncated("abcdefg", 6), "abcde…");
  EXPECT_EQ(truncated("日本語です", 3), "日本…");
  EXPECT_EQ(padded_left("é", 3), "  é");
  EXPECT_EQ(padded_right("é", 3), "é  ");
  EXPECT_EQ(padded_left("long", 2), "long");
}

TEST(Terminal, ColorOnlyWhereItIsWanted) {
  Terminal plain;
  EXPECT_EQ(styled(plain, Style::bad, "x"), "x");
  Terminal colored;
  colored.color = true;
  EXPECT_EQ(styled(colored, Style::bad, "x"), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(styled(colored, Style::plain, "x"), "x");
  EXPECT_EQ(styled(colored, Style::bad, ""), "");
}

}  // namespace
}  // namespace tapedeck::cli
