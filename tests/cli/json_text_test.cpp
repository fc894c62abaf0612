#include "daemon/cli/json_text.hpp"

#include <gtest/gtest.h>

namespace tapedeck::cli {
namespace {

TEST(IndentedJson, LaysOutEveryKindOfValue) {
  EXPECT_EQ(indented_json(R"({"a":1,"b":[true,null,"x"],"c":{},"d":[]})"),
            "{\n"
            "  \"a\": 1,\n"
            "  \"b\": [\n"
            "    true,\n"
            "    null,\n"
            "    \"x\"\n"
            "  ],\n"
            "  \"c\": {},\n"
            "  \"d\": []\n"
            "}");
  EXPECT_EQ(indented_json(" [ ] \n"), "[]");
  EXPECT_EQ(indented_json("[\n1 ,\t2\r\n]"), "[\n  1,\n  2\n]");
}

TEST(IndentedJson, KeepsWhatAParserWouldChange) {
  EXPECT_EQ(indented_json(R"({"n":12345678901234567890123,"a":1,"a":1.10})"),
            "{\n  \"n\": 12345678901234567890123,\n  \"a\": 1,\n  \"a\": 1.10\n}");
  EXPECT_EQ(indented_json(R"(["\u0041","{\"[,:","\\",""])"),
            "[\n  \"\\u0041\",\n  \"{\\\"[,:\",\n  \"\\\\\",\n  \"\"\n]");
}

TEST(IndentedJson, WhatIsNotAnObjectOrArrayIsLeftAlone) {
  for (const char* text : {"", " ", "1", "\"x\"", "null", "{", "[1,]", "{\"a\"}", "[1] x", "<a/>",
                           "[\"\x01\"]", "[\"\xff\"]"}) {
    EXPECT_EQ(indented_json(text), std::nullopt) << text;
  }
}

TEST(IndentedJson, DepthCostsNeitherStackNorSpace) {
  const std::size_t levels = 130'000;
  const auto deep = indented_json(std::string(levels, '[') + std::string(levels, ']'));
  ASSERT_TRUE(deep);
  EXPECT_LT(deep->size(), 2 * levels + 100 * 100);
  EXPECT_TRUE(deep->starts_with("[\n  [\n    ["));
  EXPECT_TRUE(deep->ends_with("]\n  ]\n]"));
}

TEST(HarmlessJson, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(harmless_json("[\"a\u009b31m\x7f\u202e\u00e9\"]"),
            "[\"a\\u009b31m\\u007f\\u202e\u00e9\"]");
}

}  // namespace
}  // namespace tapedeck::cli
