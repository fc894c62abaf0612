#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

namespace tapedeck::cli {
namespace {

using Diff = CommandLine;

const http::Fields kJson = {{"Content-Type", "application/json"}};

TEST_F(Diff, TwoExchangesByPath) {
  record("/a", {.fields = kJson, .body = R"({"price":10,"at":1})"});
  record("/a", {.fields = kJson, .body = R"({"price":12,"at":2})"});
  record("/a", {.fields = kJson, .body = R"({"at":3,"price":12})"});
  const Outcome changed = on_log({"diff", "1", "2", "--ignore", "json:$.at"});
  EXPECT_EQ(changed.status, 1);
  EXPECT_EQ(changed.out,
            "- 1 GET http://api.example.com/a\n+ 2 GET http://api.example.com/a\n"
            "    $.price: 10 → 12\n");
  const Outcome same = on_log({"diff", "2", "3", "--ignore", "json:$.at"});
  EXPECT_EQ(same.status, 0);
  EXPECT_EQ(same.out, "");
  EXPECT_EQ(on_log({"diff", "1", "2", "--json"}).out,
            "{\"before\":1,\"after\":2,\"same\":false,\"differences\":["
            "{\"where\":\"$.at\",\"before\":\"1\",\"after\":\"2\"},"
            "{\"where\":\"$.price\",\"before\":\"10\",\"after\":\"12\"}],\"more\":0}\n");
}

TEST_F(Diff, CodingsAreUndone) {
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86"
      "\xa6\x10\x36\x05\x00\x00\x00",
      25);
  record("/a", {.fields = {{"Content-Encoding", "gzip"}}, .body = gzip});
  record("/a", {.body = "hello"});
  record("/a", {.fields = {{"Content-Encoding", "gzip"}}, .body = "not gzip"});
  const std::vector<std::string> ignore = {"--ignore", "header:content-encoding"};
  EXPECT_EQ(on_log({"diff", "1", "2", ignore[0], ignore[1]}).status, 0);
  EXPECT_NE(on_log({"diff", "1", "3", ignore[0], ignore[1]})
                .out.find("answer: complete → content-coding: not gzip"),
            std::string::npos);
}

TEST_F(Diff, SessionsAsSets) {
  record("/same", {.body = "1"});
  record("/changed", {.body = "a"});
  record("/later", {.body = "1"});
  record("/missing", {});
  close_log();
  record("/later", {.body = "1"});
  record("/same", {.body = "1"});
  record("/changed", {.status = 404, .body = "a"});
  record("/extra", {});
  const Outcome compared = on_log({"diff", "--sessions", "1", "2"});
  EXPECT_EQ(compared.status, 1);
  EXPECT_EQ(compared.out,
            "changed   2 → 7 GET http://api.example.com/changed\n    status: 200 → 404\n"
            "reordered 3 → 5 GET http://api.example.com/later\n"
            "missing   4 GET http://api.example.com/missing\n"
            "extra     8 GET http://api.example.com/extra\n"
            "2 same, 1 changed, 1 reordered, 1 missing, 1 extra\n");
  const std::string json = on_log({"diff", "--sessions", "1", "2", "--json"}).out;
  const auto last = nlohmann::json::parse(json.substr(json.rfind('\n', json.size() - 2) + 1));
  EXPECT_EQ(last["kind"], "summary");
  EXPECT_EQ(last["reordered"], 1);
  EXPECT_EQ(on_log({"diff", "--sessions", "1", "1"}).status, 0);
}

TEST_F(Diff, WhatIsNotThereIsWrongUsage) {
  record("/", {});
  EXPECT_EQ(on_log({"diff", "1", "2"}).err, "tapedeck: usage: no exchange 2; see tapedeck ls\n");
  EXPECT_EQ(on_log({"diff", "1", "x"}).status, 2);
  EXPECT_EQ(on_log({"diff", "1"}).status, 2);
  EXPECT_EQ(on_log({"diff", "1", "1", "--ignore", "cookie:a"}).status, 2);
  EXPECT_EQ(on_log({"diff", "--sessions", "1", "none"}).status, 2);
}

TEST_F(Diff, NothingRecordedReachesATerminalRaw) {
  record("/\x1b[31m", {.fields = {{"X-Evil", "\x1b]0;\x07"}}, .body = "a\x1b[2J\nb"});
  record("/\x1b[31m", {.fields = {{"X-Evil", "\x9b\x7f"}}, .body = "a\x1b[3J\nb"});
  for (const auto& words : {std::vector<std::string>{"diff", "1", "2"},
                            {"diff", "1", "2", "--json"},
                            {"diff", "--sessions", "1", "1"}}) {
    std::vector<std::string> command = {"--color", "never"};
    command.insert(command.end(), words.begin(), words.end());
    for (const char c : on_terminal(command).out) {
      const auto byte = static_cast<unsigned char>(c);
      ASSERT_TRUE((byte >= 0x20 && byte != 0x7f) || c == '\n') << words.back();
    }
  }
}

}  // namespace
}  // namespace tapedeck::cli
