#include <future>
#include <gtest/gtest.h>

#include "client/net/error.hpp"
#include "tests/client/dialogue.hpp"

namespace tapedeck::client {
namespace {

using test::field;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string answer_of(std::size_t size) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n";
}

TEST(ClientReuse, OneConnectionServesAllRequests) {
  Dialogue dialogue;
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(dialogue.exchange(kOk).read(), Gives(std::string("ok")));
    EXPECT_TRUE(dialogue.client.is_open());
  }
  EXPECT_EQ(dialogue.connections, 1);
  EXPECT_EQ(dialogue.client.peer_address(), dialogue.origin.authority());
}

TEST(ClientReuse, AConnectionTellsWhatItCostAndWhetherItServedBefore) {
  Dialogue dialogue;
  EXPECT_EQ(dialogue.client.opening(), nullptr);
  EXPECT_THAT(dialogue.exchange(kOk).read(), Gives(std::string("ok")));
  ASSERT_NE(dialogue.client.opening(), nullptr);
  EXPECT_FALSE(dialogue.client.opening()->reused);
  EXPECT_EQ(dialogue.client.opening()->address, dialogue.origin.authority());
  EXPECT_GT(dialogue.client.opening()->connect_us, 0);
  EXPECT_FALSE(dialogue.client.opening()->dns_us || dialogue.client.opening()->tls_us ||
               dialogue.client.opening()->tls);
  auto last =
      dialogue.exchange("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_THAT(last.read(), Gives(std::string("ok")));
  EXPECT_FALSE(dialogue.client.is_open());
  EXPECT_TRUE(dialogue.client.opening()->reused);
}

TEST(ClientReuse, UnreadBodyIsDrained) {
  Dialogue dialogue;
  (void)dialogue.exchange(answer_of(20'000) + std::string(20'000, 'x'));
  EXPECT_EQ(dialogue.exchange(kOk).status(), 200);
  EXPECT_EQ(dialogue.connections, 1);
}

TEST(ClientReuse, DrainingStopsAtItsLimit) {
  Options options = patient();
  options.drain_limit = 100;
  Dialogue at_limit(options);
  (void)at_limit.exchange(answer_of(100) + std::string(100, 'x'));
  EXPECT_EQ(at_limit.exchange(kOk).status(), 200);
  EXPECT_EQ(at_limit.connections, 1);

  Dialogue beyond(options);
  (void)beyond.exchange(answer_of(101) + std::string(101, 'x'));
  EXPECT_EQ(beyond.exchange(kOk).status(), 200);
  EXPECT_EQ(beyond.connections, 2);
}

TEST(ClientReuse, BodyThatDoesNotComeDelaysNobody) {
  Dialogue dialogue;
  (void)dialogue.exchange(answer_of(100) + "not all");
  auto next = std::async(std::launch::async, [&] { return dialogue.client.request("GET", "/"); });
  // Well before the time for a body is over.
  EXPECT_TRUE(dialogue.origin.has_connection(std::chrono::seconds{5}));
  EXPECT_THAT(next.get(), Succeeds());
}

TEST(ClientReuse, ConnectionCloseMeansANewOne) {
  Dialogue dialogue;
  auto response =
      dialogue.exchange("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_THAT(response.read(), Gives(std::string("ok")));
  EXPECT_FALSE(dialogue.client.is_open());
  dialogue.server.expect_end();
  EXPECT_EQ(dialogue.exchange(kOk).status(), 200);
  EXPECT_EQ(dialogue.connections, 2);
}

TEST(ClientReuse, OnesOwnConnectionCloseToo) {
  Dialogue dialogue;
  (void)dialogue.ask("GET", "/", {}, {{"Connection", "close"}});
  EXPECT_THAT(dialogue.answer(kOk).value().read(), Gives(std::string("ok")));
  EXPECT_FALSE(dialogue.client.is_open());
}

TEST(ClientReuse, ClosedMeanwhile) {
  Dialogue dialogue;
  (void)dialogue.exchange(kOk).read();
  dialogue.server.shutdown();
  EXPECT_EQ(dialogue.exchange(kOk).status(), 200);
  EXPECT_EQ(dialogue.connections, 2);
}

/// RFC 9112 section 9.2: bytes nobody asked for are no answer to the next request.
TEST(ClientReuse, UnaskedAnswersAreNotTaken) {
  constexpr std::string_view kSmuggled = "HTTP/1.1 299 Evil\r\nContent-Length: 0\r\n\r\n";
  Dialogue at_once;
  EXPECT_THAT(at_once.exchange(std::string(kOk) + std::string(kSmuggled)).read(),
              Gives(std::string("ok")));
  EXPECT_EQ(at_once.exchange(kOk).status(), 200);
  EXPECT_EQ(at_once.connections, 2);

  Dialogue later;
  (void)later.exchange(kOk).read();
  later.server.send(kSmuggled);
  EXPECT_EQ(later.exchange(kOk).status(), 200);
  EXPECT_EQ(later.connections, 2);
}

TEST(ClientReuse, OpensOnItsOwnUnlessToldNotTo) {
  Options options = patient();
  options.auto_open = false;
  Dialogue dialogue(options);
  const auto failed = dialogue.client.request("GET", "/");
  EXPECT_THAT(failed, FailsAt(Stage::connect, Error::not_connected));
  EXPECT_FALSE(dialogue.origin.has_connection());
  dialogue.client.connect().value();
  EXPECT_TRUE(dialogue.client.is_open());
  EXPECT_EQ(dialogue.exchange(kOk).status(), 200);
  dialogue.client.close();
  EXPECT_FALSE(dialogue.client.is_open());
  EXPECT_EQ(dialogue.client.peer_address(), "");
  dialogue.server.expect_end();
  EXPECT_THAT(dialogue.client.request("GET", "/"), FailsWith(Error::not_connected));
}

TEST(ClientReuse, ConnectSendsNothing) {
  Dialogue dialogue;
  dialogue.client.connect().value();
  dialogue.accept();
  dialogue.client.close();
  EXPECT_EQ(dialogue.server.read_until_close(), "");
}

TEST(ClientReuse, MovedConnectionGoesOn) {
  Dialogue dialogue;
  auto response = dialogue.exchange(kOk);
  BlockingConnection moved = std::move(dialogue.client);
  EXPECT_THAT(response.read(), Gives(std::string("ok")));
  moved.request("GET", "/moved").value();
  EXPECT_TRUE(dialogue.server.read_head().starts_with("GET /moved "));
}

// Sending again.

/// A kept connection that the origin closes once it has read the next request.
class ClientRetry : public testing::Test {
 protected:
  void SetUp() override { (void)dialogue_.exchange(kOk).read().value(); }

  /// Sends a request on the kept connection, and closes it instead of answering.
  void lose(std::string_view method, Body body = {}) {
    (void)dialogue_.ask(method, "/again", std::move(body));
    EXPECT_EQ(dialogue_.connections, 1);
    dialogue_.server.close();
  }

  std::future<Result<BlockingResponse>> get_response() {
    return std::async(std::launch::async, [this] { return dialogue_.client.get_response(); });
  }

  Dialogue dialogue_;
};

TEST_F(ClientRetry, GetIsSentOnceMore) {
  lose("GET");
  auto waiting = get_response();
  dialogue_.accept();
  EXPECT_TRUE(dialogue_.server.read_head().starts_with("GET /again "));
  dialogue_.server.send(kOk);
  auto response = waiting.get();
  ASSERT_THAT(response, Succeeds());
  EXPECT_THAT(response->read(), Gives(std::string("ok")));
}

TEST_F(ClientRetry, ButNotTwice) {
  lose("GET");
  auto waiting = get_response();
  dialogue_.accept();
  (void)dialogue_.server.read_head();
  dialogue_.server.close();
  EXPECT_THAT(waiting.get(), FailsWith(http::Error::connection_closed));
  EXPECT_FALSE(dialogue_.origin.has_connection());
}

TEST_F(ClientRetry, PostIsNot) {
  lose("POST");
  EXPECT_THAT(dialogue_.client.get_response(), FailsWith(Condition::truncated));
  EXPECT_FALSE(dialogue_.origin.has_connection());
}

TEST_F(ClientRetry, NorIsABody) {
  lose("PUT", "body");
  EXPECT_THAT(failure_text(dialogue_.client.get_response()), testing::Ne("(none)"));
  EXPECT_FALSE(dialogue_.origin.has_connection());
}

TEST_F(ClientRetry, NorWhatWasHalfAnswered) {
  (void)dialogue_.ask();
  dialogue_.server.send("HTTP/1.1 2");
  dialogue_.server.shutdown();
  EXPECT_THAT(dialogue_.client.get_response(), FailsWith(http::Error::incomplete_head));
  EXPECT_FALSE(dialogue_.origin.has_connection());
}

TEST(ClientFirstRequest, IsNeverSentAgain) {
  Dialogue dialogue;
  (void)dialogue.ask();
  dialogue.server.shutdown();
  EXPECT_THAT(dialogue.client.get_response(), FailsAt(Stage::wait, http::Error::connection_closed));
  EXPECT_FALSE(dialogue.origin.has_connection());
}

// Handles of responses whose connection went on.

TEST(ClientResponseHandle, IsGoneWithTheNextRequest) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kOk));
  (void)dialogue.ask();
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, Error::response_gone));
  EXPECT_THAT(response.read_some(), FailsAt(Stage::receive, Error::response_gone));
  EXPECT_FALSE(response.closed());
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.header("Content-Length"), "2");
}

TEST(ClientResponseHandle, IsGoneHalfRead) {
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of(10) + "0123456789");
  EXPECT_THAT(response.read(4), Gives(std::string("0123")));
  (void)dialogue.ask();
  EXPECT_THAT(response.read(), FailsWith(Error::response_gone));
}

TEST(ClientResponseHandle, IsGoneWithTheConnection) {
  std::optional<BlockingResponse> response;
  {
    Dialogue dialogue;
    response = dialogue.exchange(kOk);
  }
  EXPECT_THAT(response->read(), FailsWith(Error::response_gone));
  EXPECT_EQ(response->reason(), "OK");
}

TEST(ClientResponseHandle, IsGoneAfterClose) {
  Dialogue dialogue;
  auto response = dialogue.exchange(kOk);
  dialogue.client.close();
  EXPECT_THAT(response.read(), FailsWith(Error::response_gone));
}

TEST(ClientResponseHandle, ReadToItsEndItStaysSo) {
  Dialogue dialogue;
  auto response = dialogue.exchange(kOk);
  EXPECT_THAT(response.read(), Gives(std::string("ok")));
  (void)dialogue.ask();
  EXPECT_TRUE(response.closed());
  EXPECT_THAT(response.read(), Gives(std::string()));
}

TEST(ClientResponseHandle, CopiesReadTheSameBody) {
  Dialogue dialogue;
  auto response = dialogue.exchange(kOk);
  auto copy = response;
  EXPECT_THAT(response.read(1), Gives(std::string("o")));
  EXPECT_THAT(copy.read(), Gives(std::string("k")));
}

// Answers that come before the request is over.

/// Pieces of a megabyte without end; `given` counts them.
Body endless(int& given) {
  return Body::generated([&given]() -> std::optional<std::string> {
    if (++given > 1'000) return std::nullopt;
    return std::string(1 << 20, 'x');
  });
}

TEST(ClientEarlyAnswer, ErrorStopsTheBody) {
  Dialogue dialogue;
  int given = 0;
  auto sending = std::async(std::launch::async,
                            [&] { return dialogue.client.request("POST", "/", endless(given)); });
  dialogue.accept();
  (void)dialogue.server.read_head();
  dialogue.server.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge");
  EXPECT_THAT(sending.get(), Succeeds());
  EXPECT_LT(given, 1'000);
  auto response = dialogue.client.get_response().value();
  EXPECT_EQ(response.status(), 413);
  EXPECT_THAT(response.read(), Gives(std::string("large")));
  // The request was cut: the connection is good for nothing more.
  EXPECT_FALSE(dialogue.client.is_open());
  EXPECT_EQ(dialogue.exchange(kOk).status(), 200);
  EXPECT_EQ(dialogue.connections, 2);
}

TEST(ClientEarlyAnswer, SuccessDoesNot) {
  Dialogue dialogue;
  const std::string body(8 << 20, 'x');
  auto sending =
      std::async(std::launch::async, [&] { return dialogue.client.request("POST", "/", body); });
  dialogue.accept();
  (void)dialogue.server.read_head();
  dialogue.server.send(kOk);
  EXPECT_EQ(dialogue.server.read(body.size()), body);
  EXPECT_THAT(sending.get(), Succeeds());
  EXPECT_THAT(dialogue.client.get_response().value().read(), Gives(std::string("ok")));
  EXPECT_TRUE(dialogue.client.is_open());
}

/// A server that closes with our bytes unread sends RST behind its answer.
TEST(ClientEarlyAnswer, SurvivesTheResetBehindIt) {
  Dialogue dialogue;
  int given = 0;
  auto sending = std::async(std::launch::async,
                            [&] { return dialogue.client.request("POST", "/", endless(given)); });
  dialogue.accept();
  (void)dialogue.server.read_head();
  dialogue.server.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nlarge");
  dialogue.server.reset();
  EXPECT_THAT(sending.get(), Succeeds());
  auto response = dialogue.client.get_response();
  ASSERT_THAT(response, Succeeds());
  EXPECT_EQ(response->status(), 413);
  EXPECT_THAT(response->read(), Gives(std::string("large")));
}

TEST(ClientEarlyAnswer, ServerThatGoesAwayIsAnError) {
  Dialogue dialogue;
  int given = 0;
  auto sending = std::async(std::launch::async,
                            [&] { return dialogue.client.request("POST", "/", endless(given)); });
  dialogue.accept();
  (void)dialogue.server.read_head();
  dialogue.server.reset();
  (void)sending.get();
  EXPECT_LT(given, 1'000);
  const auto response = dialogue.client.get_response();
  ASSERT_FALSE(response);
  EXPECT_TRUE(net::is_disconnect(response.error().code) ||
              response.error().code == http::Error::connection_closed)
      << failure_text(response);
}

// Expect: 100-continue

/// "sent head", "received", "sent body": what went over the wire, in order.
class ClientExpect : public testing::Test {
 protected:
  static Options traced(std::vector<std::string>& wire) {
    Options options = patient();
    options.trace = [&wire](const TraceEvent& event) {
      if (event.kind == TraceEvent::Kind::sent) wire.emplace_back(event.text);
      if (event.kind == TraceEvent::Kind::received) wire.emplace_back("(received)");
    };
    return options;
  }

  std::future<Result<void>> post() {
    return std::async(std::launch::async, [this] {
      return dialogue_.client.request("POST", "/", "the body", {{"Expect", "100-continue"}});
    });
  }

  std::vector<std::string> wire_;
  Dialogue dialogue_{traced(wire_)};
};

TEST_F(ClientExpect, BodyWaitsForTheServersWord) {
  auto sending = post();
  dialogue_.accept();
  EXPECT_EQ(field(dialogue_.server.read_head(), "Expect"), "100-continue");
  dialogue_.server.send("HTTP/1.1 100 Continue\r\n\r\n");
  dialogue_.server.expect("the body");
  EXPECT_THAT(sending.get(), Succeeds());
  ASSERT_EQ(wire_.size(), 3U);
  EXPECT_TRUE(wire_[0].ends_with("\r\n\r\n"));
  EXPECT_EQ(wire_[1], "(received)");
  EXPECT_EQ(wire_[2], "the body");
  EXPECT_EQ(dialogue_.answer(kOk).value().status(), 200);
}

TEST_F(ClientExpect, OtherInterimResponsesAreNotThatWord) {
  auto sending = post();
  dialogue_.accept();
  (void)dialogue_.server.read_head();
  dialogue_.server.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 417 No\r\nContent-Length: 0\r\n");
  dialogue_.server.send("\r\n");
  EXPECT_THAT(sending.get(), Succeeds());
  EXPECT_EQ(dialogue_.client.get_response().value().status(), 417);
}

TEST_F(ClientExpect, RefusalMeansNoBody) {
  auto sending = post();
  dialogue_.accept();
  (void)dialogue_.server.read_head();
  dialogue_.server.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_THAT(sending.get(), Succeeds());
  auto response = dialogue_.client.get_response().value();
  EXPECT_EQ(response.status(), 417);
  EXPECT_THAT(response.read(), Gives(std::string("no")));
  EXPECT_FALSE(dialogue_.client.is_open());
  EXPECT_EQ(dialogue_.server.read_until_end(), "");
}

TEST_F(ClientExpect, SilenceIsAssentInTheEnd) {
  auto sending = post();
  dialogue_.accept();
  (void)dialogue_.server.read_head();
  dialogue_.server.expect("the body");
  EXPECT_THAT(sending.get(), Succeeds());
}

}  // namespace
}  // namespace tapedeck::client
