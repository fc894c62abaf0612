// What the head parser alone promises; the tables of requests and responses judge it whole.

#include "client/http/head_parser.hpp"

#include <gtest/gtest.h>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http {
namespace {

constexpr std::string_view kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(HeadParser, TellsTheSizeOfAHead) {
  HeadParser parser(HeadParser::Kind::request, {});
  const std::string wire = "\r\n" + std::string(kHead) + "body";
  auto progress = parser.parse(wire);
  ASSERT_TRUE(progress);
  EXPECT_EQ(*progress, HeadParser::Progress::done);
  EXPECT_EQ(parser.size(), wire.size() - 4);
  EXPECT_TRUE(parser.started());
}

TEST(HeadParser, ReadsAgainAfterReset) {
  HeadParser parser(HeadParser::Kind::request, {});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(parser.parse(kHead));
    EXPECT_EQ(parser.request().fields.size(), 1u);
    parser.reset();
    EXPECT_FALSE(parser.started());
    EXPECT_TRUE(parser.request().fields.empty());
    ASSERT_FALSE(parser.parse("bad(\r\n"));
    parser.reset();
  }
}

TEST(HeadParser, FindsAFaultAtTheLineThatHoldsIt) {
  HeadParser parser(HeadParser::Kind::request, {});
  ASSERT_TRUE(parser.parse("GET / HTTP/1.1\r\nA"));
  auto progress = parser.parse("GET / HTTP/1.1\r\nA b\r\n");
  ASSERT_FALSE(progress);
  EXPECT_EQ(testing::error_name(progress.error().code), "bad_field_name");
  EXPECT_EQ(progress.error().stage, Stage::request);
}

TEST(HeadParser, NamesTheStageOfAResponse) {
  HeadParser parser(HeadParser::Kind::response, {});
  auto progress = parser.parse("HTTP/1.1 200 OK\r\nA b\r\n");
  ASSERT_FALSE(progress);
  EXPECT_EQ(progress.error().stage, Stage::wait);
}

TEST(HeadParser, RecognisesTls) {
  HeadParser parser(HeadParser::Kind::request, {});
  auto progress = parser.parse("\x16");
  ASSERT_FALSE(progress);
  EXPECT_NE(progress.error().detail.find("TLS"), std::string::npos);
}

}  // namespace
}  // namespace tapedeck::http
