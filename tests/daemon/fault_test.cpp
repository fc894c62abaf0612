#include <gtest/gtest.h>

#include "daemon/fault/faults.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck {
namespace {

TEST(Faults, WrongRulesAreNamed) {
  const std::pair<const char*, const char*> table[] = {
      {"explode",
       "fault 'explode': expected delay=DURATION, status=NNN, drop or reset, not "
       "'explode'"},
      {"delay", "fault 'delay': expected delay= and a duration such as 500ms"},
      {"delay=0s", "fault 'delay=0s': expected delay= and a duration such as 500ms"},
      {"status=99", "fault 'status=99': expected status= and a number from 200 to 599"},
      {"status=101", "fault 'status=101': expected status= and a number from 200 to 599"},
      {"drop@0%", "fault 'drop@0%': expected a share from 1% to 100% after @"},
      {"drop@101", "fault 'drop@101': expected a share from 1% to 100% after @"},
      {"drop=1",
       "fault 'drop=1': expected delay=DURATION, status=NNN, drop or reset, not "
       "'drop=1'"},
  };
  for (const auto& [rule, sentence] : table) {
    const auto faults = Faults::parse({rule}, 0);
    ASSERT_FALSE(faults) << rule;
    EXPECT_EQ(faults.error().detail, sentence);
  }
}

TEST(Faults, AreDrawnFromTheSeed) {
  const auto drawn = [](std::uint64_t seed) {
    auto faults = Faults::parse({"api.*/v1/* drop@30%"}, seed);
    std::string pattern;
    for (int i = 0; i < 1'000; ++i) {
      EXPECT_FALSE((*faults)->draw("other.example", "/v1/x").any());
      EXPECT_FALSE((*faults)->draw("api.example", "/v2/x").any());
      pattern += (*faults)->draw("api.example", "/v1/x").any() ? 'x' : '.';
    }
    return pattern;
  };
  const std::string pattern = drawn(1);
  EXPECT_EQ(pattern, drawn(1));
  EXPECT_NE(pattern, drawn(2));
  const auto struck = std::count(pattern.begin(), pattern.end(), 'x');
  EXPECT_GT(struck, 250);
  EXPECT_LT(struck, 350);
}

TEST(Faults, DelaysAddUpAndTheFirstEndingHolds) {
  auto faults = Faults::parse({"delay=10ms", "status=503", "drop", "delay=5ms"}, 0);
  const Strike strike = (*faults)->draw("h", "/");
  EXPECT_EQ(strike.delay.count(), 15);
  EXPECT_EQ(strike.ending, Strike::Ending::status);
  EXPECT_EQ(strike.rule, "status=503");
}

}  // namespace

namespace test {
namespace {

Proxy::Adjust with(const std::string& rule) {
  return [rule](config::Options& options) { options.faults = {rule}; };
}

std::string get(const Origin& origin) {
  return "GET " + origin.url("/v1/x") + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

TEST(FaultDialogue, AStatusIsAnsweredAndNothingForwarded) {
  Proxy proxy(with("127.0.0.1/v1/* status=503"));
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin));
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(field(head, "Proxy-Status"), "tapedeck; details=\"fault 127.0.0.1/v1/* status=503\"");
  EXPECT_FALSE(origin.has_connection());
  const Row row = proxy.row();
  EXPECT_EQ(row.state, "complete");
  EXPECT_EQ(row.error_detail, "fault 127.0.0.1/v1/* status=503");
}

TEST(FaultDialogue, DroppedAndReset) {
  for (const std::string kind : {"drop", "reset"}) {
    Proxy proxy(with(kind));
    Origin origin;
    Peer client = proxy.connect();
    client.send(get(origin));
    EXPECT_EQ(client.read_until_end(), "");
    EXPECT_EQ(client.was_reset(), kind == "reset");
    EXPECT_EQ(proxy.row().outcome(), "failed - respond proxy_internal_response");
    EXPECT_EQ(proxy.row().error_detail, "fault " + kind);
  }
}

TEST(FaultDialogue, ADelayedRequestIsServed) {
  Proxy proxy(with("delay=50ms"));
  Origin origin;
  Peer client = proxy.connect();
  const auto begun = std::chrono::steady_clock::now();
  client.send(get(origin));
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(50));
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
}

TEST(FaultDialogue, StoppingEndsADelay) {
  Proxy proxy(with("delay=1h"));
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin));
  (void)LogRows::await_open(proxy.database(), [](const Row&) { return true; });
  proxy.stop();
  client.expect_end();
  EXPECT_EQ(proxy.all_rows().only().state, "aborted");
}

TEST(FaultDialogue, AWrongRuleStopsTheStart) {
  EXPECT_THROW(Proxy(with("nonsense")), std::runtime_error);
}

}  // namespace
}  // namespace test
}  // namespace tapedeck
