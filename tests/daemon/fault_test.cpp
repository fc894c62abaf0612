#include <gtest/gtest.h>

#include "daemon/fault/faults.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck {
namespace {

TEST(Faults, WrongRulesAreNamed) {
  const std::pair<const char*, const char*> table[] = {
      {"explode",
       "fault 'explode': expected delay=DURATION, status=NNN, throttle=SIZE, truncate=SIZE, drop "
       "or reset, not "
       "'explode'"},
      {"delay", "fault 'delay': expected delay= and a duration such as 500ms"},
      {"delay=0s", "fault 'delay=0s': expected delay= and a duration such as 500ms"},
      {"status=99", "fault 'status=99': expected status= and a number from 200 to 599"},
      {"status=101", "fault 'status=101': expected status= and a number from 200 to 599"},
      {"drop@0%", "fault 'drop@0%': expected a share from 1% to 100% after @"},
      {"drop@101", "fault 'drop@101': expected a share from 1% to 100% after @"},
      {"throttle=0",
       "fault 'throttle=0': expected throttle= and a size, of body a second, such as "
       "10KiB"},
      {"truncate=x", "fault 'truncate=x': expected truncate= and a size such as 1KiB"},
      {"drop=1",
       "fault 'drop=1': expected delay=DURATION, status=NNN, throttle=SIZE, truncate=SIZE, drop or "
       "reset, not "
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
  EXPECT_TRUE(
      field(head, "Proxy-Status")
          .starts_with("tapedeck; details=\"fault 127.0.0.1/v1/* status=503\"; started=\""));
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

TEST(FaultDialogue, ABodyIsCutAndTheRowSaysWhy) {
  Proxy proxy(with("truncate=3"));
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin));
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(client.read_until_end(), "abc");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 200 relay proxy_internal_response");
  EXPECT_NE(row.error_detail.find("fault truncate=3"), std::string::npos);
  EXPECT_EQ(row.response_body, "abc");
}

TEST(FaultDialogue, AChunkedBodyThatIsCutHasNoEnd) {
  Proxy proxy(with("truncate=3"));
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin));
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(client.read_until_end(), "3\r\nabc\r\n");
}

TEST(FaultDialogue, AShortBodyIsNotCut) {
  Proxy proxy(with("truncate=6"));
  Origin origin;
  Peer client = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(get(origin));
    Peer upstream = origin.accept();
    (void)upstream.read_head();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcdef");
    (void)client.read_head();
    client.expect("abcdef");
  }
}

TEST(FaultDialogue, AThrottledBodyTakesItsTimeAndIsWhole) {
  Proxy proxy(with("throttle=10k"));
  Origin origin;
  Peer client = proxy.connect();
  const auto begun = std::chrono::steady_clock::now();
  client.send(get(origin));
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'));
  (void)client.read_head();
  client.expect(std::string(2000, 'x'));
  // The second piece comes a tenth of a second after the first.
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(100));
  EXPECT_EQ(proxy.row().outcome(), "complete 200");
}

TEST(FaultDialogue, StoppingCutsAThrottledBody) {
  Proxy proxy([](config::Options& options) {
    options.faults = {"throttle=1"};
    options.limits.shutdown_timeout = std::chrono::milliseconds(10);
  });
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin));
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'x'));
  (void)client.read_head();
  proxy.stop();
  client.expect_end();
  upstream.expect_end();
  EXPECT_EQ(proxy.all_rows().only().state, "aborted");
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
