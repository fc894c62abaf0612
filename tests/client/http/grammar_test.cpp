#include "client/http/grammar.hpp"

#include <gtest/gtest.h>

namespace tapedeck::http {
namespace {

std::size_t count(CharClass wanted) {
  std::size_t n = 0;
  for (int c = 0; c < 256; ++c) n += is(static_cast<char>(c), wanted) ? 1 : 0;
  return n;
}

TEST(Grammar, ClassesHoldTheBytesOfTheirRules) {
  EXPECT_EQ(count(kToken), 26u * 2 + 10 + 15);
  EXPECT_EQ(count(kDigit), 10u);
  EXPECT_EQ(count(kHexDigit), 22u);
  EXPECT_EQ(count(kFieldValue), 256u - 32 - 1 + 1);  // without controls and DEL, with HTAB
  EXPECT_EQ(count(kTarget), 256u - 33 - 1 - 1);      // also without SP and '#'
  for (char c : std::string_view("()<>@,;:\\\"/[]?={} \t\r\n\x7f\x80\xff")) {
    EXPECT_FALSE(is(c, kToken)) << describe_byte(c);
  }
  for (char c : std::string_view("@/[]:?#\"\\ \x80")) EXPECT_FALSE(is(c, kRegName));
}

TEST(Grammar, FindNotAgreesWithTheTableAtEveryOffset) {
  // Long texts are looked at eight bytes at a time: every byte, everywhere, must count alike.
  for (const CharClass wanted : {kToken, kFieldValue, kTarget, kDigit, kHexDigit, kRegName}) {
    for (int c = 0; c < 256; ++c) {
      for (std::size_t at = 0; at < 20; ++at) {
        std::string text(20, '1');
        text[at] = static_cast<char>(c);
        const bool allowed = is(static_cast<char>(c), wanted);
        ASSERT_EQ(find_not(text, wanted), allowed ? 20u : at) << c << " at " << at;
        ASSERT_EQ(all(text, wanted), allowed);
      }
    }
  }
  EXPECT_EQ(find_not("\xff\xff\xff\xff\xff\xff\xff\x1f", kFieldValue), 7u);
  EXPECT_EQ(find_not("", kToken), 0u);
  EXPECT_FALSE(all("", kToken));
}

TEST(Grammar, ComparesWithoutAsciiCase) {
  EXPECT_TRUE(iequals("", ""));
  EXPECT_TRUE(iequals("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_FALSE(iequals("\xc3\x89", "\xc3\xa9"));
}

TEST(Grammar, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim("\r a\n"), "\r a\n");
  EXPECT_EQ(trim("\xa0"), "\xa0");
}

TEST(Grammar, DescribesBytes) {
  EXPECT_EQ(describe_byte('a'), "'a'");
  EXPECT_EQ(describe_byte(' '), "0x20");
  EXPECT_EQ(describe_byte('\0'), "0x00");
  EXPECT_EQ(describe_byte('\xff'), "0xFF");
}

}  // namespace
}  // namespace tapedeck::http
