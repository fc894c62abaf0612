#include <fstream>
#include <iterator>

#include "daemon/cli/resend/junit.hpp"
#include "daemon/cli/resend/latency.hpp"
#include "tests/cli/command_line.hpp"
#include "tests/support/origin.hpp"

namespace tapedeck::cli {
namespace {

using resend::endpoint_of;
using resend::Latency;

using Replay = CommandLine;

TEST_F(Replay, WhatFailsIsToldAndRecorded) {
  record("/a/1", {});
  const std::string nobody = "http://127.0.0.1:" + std::to_string(test::refused_port());
  const Outcome failed = on_log({"replay", "--against", nobody + "/base/", "--repeat", "2"});
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.err, "");
  EXPECT_NE(failed.out.find("GET " + nobody + "/base/a/1\n    connect: Connection refused"),
            std::string::npos)
      << failed.out;
  EXPECT_TRUE(failed.out.ends_with("2 sent: 0 same, 0 differ, 2 failed\n")) << failed.out;
  EXPECT_EQ(on_log({"sql", "--csv",
                    "SELECT mode, replay_of, path, state, error_code FROM exchange WHERE id > 1"})
                .out,
            "mode,replay_of,path,state,error_code\r\n"
            "fetch,1,/base/a/1,failed,connection_refused\r\n"
            "fetch,1,/base/a/1,failed,connection_refused\r\n");
  // The copies are not sent again themselves.
  const Outcome again = on_log({"replay", "--against", nobody, "--record", "none"});
  EXPECT_TRUE(again.out.ends_with("\n1 sent: 0 same, 0 differ, 1 failed\n")) << again.out;
}

TEST_F(Replay, OneWriterAtATime) {
  record("/", {});
  const Outcome refused = run({"--db", log_, "replay"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("is already recording into"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--record none sends without recording"), std::string::npos);
}

TEST_F(Replay, NothingToSendIsAFailure) {
  record("/", {});
  EXPECT_EQ(on_log({"replay", "-path:/"}).status, 1);
  EXPECT_EQ(
      on_log({"replay", "-path:/"}).err,
      "tapedeck: replay: no recorded request to send again, copies left aside; see tapedeck ls\n");
}

TEST_F(Replay, WrongUsage) {
  EXPECT_EQ(refused({"replay", "--against", "ftp://x"}).substr(0, 21), "configure: --against:");
  EXPECT_EQ(refused({"replay", "--set-header", "x"}),
            "configure: --set-header: expected 'Name: value', not 'x'");
  EXPECT_TRUE(refused({"replay", "--concurrency", "0"}).starts_with("usage: --concurrency"));
  EXPECT_TRUE(refused({"replay", "--rate", "-1"}).starts_with("usage: --rate"));
  EXPECT_TRUE(refused({"replay", "hots:x"}).starts_with("usage: unknown filter 'hots:'"));
  EXPECT_TRUE(refused({"replay", "--ignore", "x"}).starts_with("configure: rule 'x'"));
}

TEST(Endpoint, NumbersAndIdsAreOne) {
  const std::pair<const char*, const char*> table[] = {
      {"http://h", "GET http://h"},
      {"http://h/", "GET http://h/"},
      {"http://h/v1/items/17?page=2", "GET http://h/v1/items/*"},
      {"http://h/a/0f8fad5b-d9cb-469f-a165-70867728950e/b", "GET http://h/a/*/b"},
      {"http://h/feed/decade-facade", "GET http://h/feed/decade-facade"},
  };
  for (const auto& [url, endpoint] : table) EXPECT_EQ(endpoint_of("GET", url), endpoint);
}

TEST(Latency, PercentilesByNearestRank) {
  EXPECT_FALSE(Latency::percentiles({}));
  std::vector<std::int64_t> times;
  for (int i = 200; i > 0; --i) times.push_back(i);
  const auto found = Latency::percentiles(times);
  EXPECT_EQ(found->p50_us, 100);
  EXPECT_EQ(found->p95_us, 190);
  EXPECT_EQ(found->p99_us, 198);
  EXPECT_EQ(Latency::percentiles({7})->p99_us, 7);
}

TEST_F(Replay, JunitIsXmlWhateverWasRecorded) {
  EXPECT_EQ(resend::xml("<a b=\"&\"> \x1b \xff \ufffe\n"),
            "&lt;a b=&quot;&amp;&quot;&gt; \\x1b \\xff ?\n");
  const std::string path = directory_ / "out.xml";
  auto junit = resend::Junit::create(path);
  ASSERT_TRUE(junit);
  junit->add("GET /", "1", 1'500'000, resend::Junit::Outcome::passed, "");
  junit->add("GET /", "2", 0, resend::Junit::Outcome::failed, "$.a: 1 → 2\n$.b: 1 → 2\n");
  junit->add_skipped("3", "a tunnel");
  ASSERT_TRUE(junit->finish());
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.500000\" "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("<failure message=\"$.a: 1 → 2\">$.a: 1 → 2\n$.b: 1 → 2\n</failure>"),
            std::string::npos)
      << text;
  EXPECT_FALSE(resend::Junit::create(directory_ / "none" / "out.xml"));
}

}  // namespace
}  // namespace tapedeck::cli
