#include <chrono>
#include <future>
#include <gtest/gtest.h>

#include "tests/client/dialogue.hpp"

namespace tapedeck::client {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kShort{150};
constexpr std::string_view kTen = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

/// Patient but for one stage.
Options hasty(std::chrono::milliseconds Timeouts::*stage) {
  Options options = patient();
  options.timeouts.*stage = kShort;
  return options;
}

TEST(ClientTimeout, HeadThatDoesNotCome) {
  Dialogue dialogue(hasty(&Timeouts::head));
  (void)dialogue.ask();
  EXPECT_THAT(dialogue.client.get_response(), FailsAt(Stage::wait, Condition::timeout));
  EXPECT_FALSE(dialogue.client.is_open());
  dialogue.server.expect_end();
}

TEST(ClientTimeout, HeadThatDribbles) {
  Dialogue dialogue(hasty(&Timeouts::head));
  (void)dialogue.ask();
  dialogue.server.send("HTTP/1.1 200 ");
  auto waiting =
      std::async(std::launch::async, [&] { return dialogue.client.get_response().error(); });
  while (waiting.wait_for(20ms) != std::future_status::ready) (void)dialogue.server.send_some("x");
  const Failure failure = waiting.get();
  EXPECT_EQ(failure.code, Condition::timeout);
  EXPECT_EQ(failure.stage, Stage::wait);
}

TEST(ClientTimeout, TimedOutGetIsNotSentAgain) {
  Dialogue dialogue(hasty(&Timeouts::head));
  (void)dialogue.exchange(std::string(kTen) + "0123456789").read().value();
  (void)dialogue.ask();
  EXPECT_THAT(dialogue.client.get_response(), FailsAt(Stage::wait, Condition::timeout));
  EXPECT_FALSE(dialogue.origin.has_connection());
}

TEST(ClientTimeout, BodyThatStops) {
  Dialogue dialogue(hasty(&Timeouts::body));
  auto response = dialogue.exchange(std::string(kTen) + "01234");
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, Condition::timeout));
  EXPECT_EQ(response.partial(), "01234");
  EXPECT_FALSE(response.closed());
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, Condition::timeout));
  dialogue.server.expect_end();
}

TEST(ClientTimeout, ServerThatDoesNotRead) {
  Dialogue dialogue(hasty(&Timeouts::send));
  const auto endless = [] { return std::optional(std::string(1 << 20, 'x')); };
  EXPECT_THAT(dialogue.client.request("POST", "/", Body::generated(endless)),
              FailsAt(Stage::send, Condition::timeout));
  EXPECT_FALSE(dialogue.client.is_open());
}

TEST(ClientTimeout, NobodyListens) {
  const auto port = std::to_string(test::refused_port());
  auto client = BlockingConnection::to("http://127.0.0.1:" + port, patient()).value();
  const auto failed = client.request("GET", "/");
  EXPECT_THAT(failed, FailsAt(Stage::connect, std::errc::connection_refused));
  EXPECT_THAT(failure_text(failed), HasSubstr("127.0.0.1 port " + port));
}

TEST(ClientTimeout, ConnectionThatIsNotMade) {
  Origin origin;
  // The kernel holds 129 connections for a backlog of 128, and answers no more.
  std::vector<Peer> queue;
  for (int i = 0; i <= 128; ++i) queue.push_back(Peer::connect(origin.port()));
  auto client = BlockingConnection::to(origin.url(""), hasty(&Timeouts::connect)).value();
  EXPECT_THAT(client.request("GET", "/"), FailsAt(Stage::connect, Condition::timeout));
}

TEST(ClientTimeout, HandshakeThatIsNotAnswered) {
  Origin origin;
  auto client =
      BlockingConnection::to("https://" + origin.authority(), hasty(&Timeouts::tls)).value();
  EXPECT_THAT(client.connect(), FailsAt(Stage::tls, Condition::timeout));
  EXPECT_FALSE(client.is_open());
}

TEST(ClientTimeout, ProxyThatDoesNotAnswer) {
  Origin proxy;
  Options options = hasty(&Timeouts::tls);
  options.proxy = Proxy::parse(proxy.url("")).value();
  auto client = BlockingConnection::to("https://example.test", options).value();
  EXPECT_THAT(client.connect(), FailsAt(Stage::connect, Condition::timeout));
}

// The whole exchange.

TEST(ClientTotalTime, BoundsTheHead) {
  Dialogue dialogue(hasty(&Timeouts::total));
  (void)dialogue.ask();
  EXPECT_THAT(dialogue.client.get_response(), FailsAt(Stage::wait, Condition::timeout));
}

TEST(ClientTotalTime, BoundsTheBody) {
  Dialogue dialogue(hasty(&Timeouts::total));
  auto response = dialogue.exchange(std::string(kTen) + "01234");
  const auto failed = response.read();
  EXPECT_THAT(failed, FailsAt(Stage::receive, Condition::timeout));
  EXPECT_THAT(failure_text(failed), HasSubstr("150 ms in all"));
}

TEST(ClientTotalTime, BoundsSending) {
  Dialogue dialogue(hasty(&Timeouts::total));
  const auto endless = [] { return std::optional(std::string(1 << 20, 'x')); };
  EXPECT_THAT(dialogue.client.request("POST", "/", Body::generated(endless)),
              FailsAt(Stage::send, Condition::timeout));
}

TEST(ClientTotalTime, BoundsTheHandshake) {
  Origin origin;
  auto client =
      BlockingConnection::to("https://" + origin.authority(), hasty(&Timeouts::total)).value();
  EXPECT_THAT(client.request("GET", "/"), FailsAt(Stage::tls, Condition::timeout));
}

TEST(ClientTotalTime, BoundsABodyThatKeepsComing) {
  Dialogue dialogue(hasty(&Timeouts::total));
  auto response = dialogue.exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  auto reading = std::async(std::launch::async, [&] { return response.read(); });
  for (int i = 0; i < 5'000 && reading.wait_for(1ms) != std::future_status::ready; ++i) {
    (void)dialogue.server.send_some("1\r\nx\r\n");
  }
  dialogue.server.shutdown();
  EXPECT_THAT(reading.get(), FailsAt(Stage::receive, Condition::timeout));
  EXPECT_FALSE(response.partial().empty());
}

TEST(ClientTotalTime, BoundsARequestWithoutEnd) {
  Dialogue dialogue(hasty(&Timeouts::total));
  const auto endless = [left = 10'000'000]() mutable -> std::optional<std::string> {
    if (left-- == 0) return std::nullopt;
    return std::string(64, 'x');
  };
  auto sending = std::async(std::launch::async, [&] {
    return dialogue.client.request("POST", "/", Body::generated(endless));
  });
  dialogue.accept();
  dialogue.server.expect_end();
  EXPECT_THAT(sending.get(), FailsAt(Stage::send, Condition::timeout));
}

TEST(ClientTotalTime, StartsAnewWithEachRequest) {
  Dialogue dialogue(hasty(&Timeouts::total));
  (void)dialogue.ask();
  EXPECT_THAT(dialogue.client.get_response(), FailsWith(Condition::timeout));
  EXPECT_THAT(dialogue.exchange(std::string(kTen) + "0123456789").read(),
              Gives(std::string("0123456789")));
}

TEST(ClientTotalTime, EndsWithTheExchange) {
  Dialogue dialogue(hasty(&Timeouts::total));
  (void)dialogue.exchange(std::string(kTen) + "0123456789").read().value();
  // A second exchange that itself is quick is not late, whatever passed in between.
  EXPECT_FALSE(dialogue.origin.has_connection(2 * kShort));
  EXPECT_THAT(dialogue.exchange(std::string(kTen) + "0123456789").read(),
              Gives(std::string("0123456789")));
  EXPECT_EQ(dialogue.connections, 1);
}

}  // namespace
}  // namespace tapedeck::client
