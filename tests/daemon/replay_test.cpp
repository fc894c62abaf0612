#include <gtest/gtest.h>
#include <thread>

#include "daemon/replay/tape.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/tls.hpp"

namespace tapedeck::test {
namespace {

std::string get(const std::string& url, const std::string& more = "") {
  return "GET " + url + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

std::string ok(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// A log to record into and to replay from, one proxy at a time.
class Replay : public testing::Test {
 protected:
  /// Records one exchange through a proxy of its own: `answer` to `request`.
  void record(const std::string& request, const std::string& answer,
              const std::string& session = "", bool close = false) {
    Proxy proxy(with("record", session));
    Peer client = proxy.connect();
    client.send(request);
    Peer upstream = origin_->accept();
    const std::string head = upstream.read_head();
    if (const std::string size = field(head, "Content-Length"); size != "(absent)") {
      (void)upstream.read(std::stoul(size));
    }
    upstream.send(answer);
    if (close) upstream.close();
    (void)client.read_head();
    const LogRows rows = proxy.rows(recorded_ + 1);
    ASSERT_EQ(rows[recorded_++].state, "complete");
  }

  Proxy::Adjust with(const std::string& mode, const std::string& session = "",
                     const Proxy::Adjust& more = nullptr) const {
    return [=, this](config::Options& options) {
      options.db = directory_.path("tapedeck.db");
      options.mode = mode;
      options.session = session;
      if (more) more(options);
    };
  }

  /// Sends one request and returns head and body of the answer, which closes.
  static std::string ask(const Proxy& proxy, std::string request) {
    Peer client = proxy.connect();
    request.insert(request.find("\r\n") + 2, "Connection: close\r\n");
    client.send(request);
    return client.read_until_close();
  }
  static std::string body_of(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  std::string url(const std::string& path) const { return origin_->url(path); }

  ScratchDirectory directory_;
  std::unique_ptr<Origin> origin_ = std::make_unique<Origin>();
  std::size_t recorded_ = 0;
};

TEST_F(Replay, AnswersWithoutTheServer) {
  record(get(url("/a?x=1&y=2")), ok("hello", "X-Odd:  spaced \r\nx-odd: twice\r\nETag: \"e\"\r\n"));
  origin_->close();
  Proxy proxy(with("replay"));
  const std::string answer = ask(proxy, get(url("/a?y=2&x=1")));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ(field(answer, "X-Odd"), "spaced | twice");
  EXPECT_EQ(field(answer, "Content-Length"), "5");
  EXPECT_EQ(body_of(answer), "hello");
  const Row row = proxy.rows(2)[1];
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.mode, "replay");
  EXPECT_EQ(row.replay_of, 1);
  EXPECT_EQ(row.response_body, "hello");
  EXPECT_EQ(row.upstream_address, "");
}

TEST_F(Replay, AMissNamesTheNearestAndWhatDiffers) {
  record(get(url("/a?x=1")), ok("1"));
  record(get(url("/b?x=1")), ok("2"));
  Proxy proxy(with("replay"));
  const std::string answer = ask(proxy, get(url("/b?x=2")));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 "));
  EXPECT_TRUE(field(answer, "Proxy-Status").starts_with("tapedeck; error=destination_not_found;"));
  EXPECT_NE(body_of(answer).find("nearest is exchange 2: query x: 2, recorded 1"),
            std::string::npos)
      << answer;
  EXPECT_FALSE(origin_->has_connection());
  const Row row = proxy.rows(3)[2];
  EXPECT_EQ(row.outcome(), "failed 502 replay destination_not_found");
  EXPECT_EQ(row.mode, "replay");
  const Tape::Summary summary = proxy.daemon().tape()->summary();
  EXPECT_EQ(summary.missed, 1u);
  EXPECT_EQ(summary.unused, 2u);
  EXPECT_EQ(summary.misses.at(0).request, "GET " + url("/b?x=2"));
}

TEST_F(Replay, RepeatedRequestsAreAnsweredInOrder) {
  for (const char* body : {"1", "2", "3"}) record(get(url("/")), ok(body));
  {
    Proxy proxy(with("replay"));
    for (const char* body : {"1", "2", "3", "3"})
      EXPECT_EQ(body_of(ask(proxy, get(url("/")))), body);
  }
  Proxy proxy(with("replay", "", [](config::Options& options) { options.exhausted = "miss"; }));
  for (const char* body : {"1", "2", "3"}) EXPECT_EQ(body_of(ask(proxy, get(url("/")))), body);
  const std::string answer = ask(proxy, get(url("/")));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 "));
  EXPECT_NE(answer.find("every recorded answer to it was given"), std::string::npos);
}

TEST_F(Replay, ASessionOfTheLogIsChosenByOptionOrByHeader) {
  record(get(url("/")), ok("one"), "one");
  record(get(url("/")), ok("two"), "two");
  Proxy proxy(with("replay", "two"));
  EXPECT_EQ(body_of(ask(proxy, get(url("/")))), "two");
  EXPECT_EQ(body_of(ask(proxy, get(url("/"), "Tapedeck-Session: one\r\n"))), "one");
  EXPECT_NE(ask(proxy, get(url("/"), "Tapedeck-Session: three\r\n")).find("no session 'three'"),
            std::string::npos);
  EXPECT_THROW(Proxy(with("replay", "three")), std::runtime_error);
}

TEST_F(Replay, PlacesInDifferentSessionsAreTheirOwn) {
  for (const char* session : {"a", "b"}) {
    record(get(url("/")), ok("1"), session);
    record(get(url("/")), ok("2"), session);
  }
  Proxy proxy(with("replay"));
  const auto next = [&](const std::string& session) {
    return body_of(ask(proxy, get(url("/"), "Tapedeck-Session: " + session + "\r\n")));
  };
  EXPECT_EQ(next("a"), "1");
  EXPECT_EQ(next("b"), "1");
  EXPECT_EQ(next("b"), "2");
  EXPECT_EQ(next("a"), "2");
}

TEST_F(Replay, AListenerOrTheGatewaysPathChoosesTheSession) {
  record(get(url("/")), ok("one"), "one");
  record(get(url("/")), ok("two"), "two");
  Proxy proxy([&](config::Options& options) {
    with("replay", "two")(options);
    options.session_listen = {"one=127.0.0.1:0"};
    options.gateway = {"127.0.0.1:0"};
  });
  EXPECT_EQ(body_of(ask(proxy, get(url("/")))), "two");
  const std::uint16_t of_one = proxy.daemon().endpoints().at(1).port();
  Peer client = Peer::connect(of_one);
  client.send(get(url("/")));
  EXPECT_EQ(client.read(std::stoul(field(client.read_head(), "Content-Length"))), "one");
  Peer at_gateway = Peer::connect(proxy.gateway_port());
  at_gateway.send("GET /session/one/http/" + url("/").substr(7) +
                  " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  EXPECT_EQ(at_gateway.read(std::stoul(field(at_gateway.read_head(), "Content-Length"))), "one");
}

TEST_F(Replay, AListenersSessionMustBeThere) {
  record(get(url("/")), ok("one"), "one");
  const auto listening = [&](const std::string& mode, const std::string& session) {
    return [=, this](config::Options& options) {
      with(mode)(options);
      options.session_listen = {session + "=127.0.0.1:0"};
    };
  };
  EXPECT_THROW(Proxy(listening("replay", "never")), std::runtime_error);
  EXPECT_THROW(Proxy(listening("record", "one")), std::runtime_error);
}

TEST_F(Replay, BodiesDecide) {
  const auto post = [&](const std::string& body) {
    return "POST " + url("/p") +
           " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  record(post(R"({"a":1,"b":2})"), ok("ab"));
  record(post(R"({"a":2})"), ok("a2"));
  Proxy proxy(with("replay"));
  EXPECT_EQ(body_of(ask(proxy, post(R"({"b":2, "a":1})"))), "ab");
  EXPECT_EQ(body_of(ask(proxy, post(R"({"a":2})"))), "a2");
  EXPECT_NE(ask(proxy, post(R"({"a":3})")).find("json $.a: 3, recorded 2"), std::string::npos);
  const std::string chunked =
      ask(proxy, "POST " + url("/p") +
                     " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: "
                     "chunked\r\nExpect: 100-continue\r\n\r\n7\r\n{\"a\":2}\r\n0\r\n\r\n");
  EXPECT_TRUE(chunked.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << chunked;
}

TEST_F(Replay, FramingFitsTheClient) {
  record(get(url("/chunked")),
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
         "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n");
  record(get(url("/close")), "HTTP/1.1 200 OK\r\n\r\nhello", "", true);
  record("HEAD " + url("/length") + " HTTP/1.1\r\nHost: x\r\n\r\n",
         "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
  record(get(url("/none")), "HTTP/1.1 204 No Content\r\n\r\n");
  record(get(url("/same"), "If-None-Match: \"e\"\r\n"),
         "HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n\r\n");
  Proxy proxy(with("replay"));
  EXPECT_EQ(body_of(ask(proxy, get(url("/chunked")))), "5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n");
  EXPECT_EQ(body_of(ask(proxy, "GET " + url("/chunked") + " HTTP/1.0\r\n\r\n")), "hello");
  EXPECT_EQ(body_of(ask(proxy, get(url("/close")))), "5\r\nhello\r\n0\r\n\r\n");
  const std::string head = ask(proxy, "HEAD " + url("/length") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(field(head, "Content-Length"), "9");
  EXPECT_EQ(body_of(head), "");
  const std::string none = ask(proxy, get(url("/none")));
  EXPECT_EQ(field(none, "Content-Length"), "(absent)");
  const std::string same = ask(proxy, get(url("/same"), "If-None-Match: \"e\"\r\n"));
  EXPECT_TRUE(same.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  // Not modified since what? A request without a condition cannot be answered so.
  EXPECT_TRUE(ask(proxy, get(url("/same"))).starts_with("HTTP/1.1 502 "));
}

TEST_F(Replay, ARangeAnswersOnlyThatRange) {
  record(
      get(url("/r"), "Range: bytes=0-1\r\n"),
      "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/5\r\nContent-Length: 2\r\n\r\nhe");
  Proxy proxy(with("replay"));
  EXPECT_EQ(body_of(ask(proxy, get(url("/r"), "Range: bytes=0-1\r\n"))), "he");
  EXPECT_TRUE(ask(proxy, get(url("/r"), "Range: bytes=1-2\r\n")).starts_with("HTTP/1.1 502 "));
  EXPECT_TRUE(ask(proxy, get(url("/r"))).starts_with("HTTP/1.1 502 "));
}

TEST_F(Replay, AContentCodingNotAcceptedIsUndone) {
  // printf hello | gzip -n
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00"
      "\x00\x00",
      25);
  record(get(url("/z"), "Accept-Encoding: gzip\r\n"), ok(gzip, "Content-Encoding: gzip\r\n"));
  Proxy proxy(with("replay"));
  const std::string as_recorded = ask(proxy, get(url("/z"), "Accept-Encoding: br, gzip\r\n"));
  EXPECT_EQ(field(as_recorded, "Content-Encoding"), "gzip");
  EXPECT_EQ(body_of(as_recorded), gzip);
  for (const char* accept : {"identity", "br", "gzip;q=0", "gzip; q=0.0", ""}) {
    const std::string undone =
        ask(proxy, get(url("/z"), "Accept-Encoding: " + std::string(accept) + "\r\n"));
    EXPECT_EQ(field(undone, "Content-Encoding"), "(absent)") << accept;
    EXPECT_EQ(body_of(undone), "5\r\nhello\r\n0\r\n\r\n") << accept;
  }
  EXPECT_EQ(field(ask(proxy, get(url("/z"))), "Content-Encoding"), "gzip");
}

TEST_F(Replay, LargeBodiesAreStreamed) {
  std::string large;
  for (int i = 0; i < 300'000; ++i) large += std::to_string(i);
  record(get(url("/large")), ok(large));
  Proxy proxy(with("replay"));
  EXPECT_TRUE(body_of(ask(proxy, get(url("/large")))) == large);
  EXPECT_EQ(proxy.rows(2)[1].response_size, static_cast<std::int64_t>(large.size()));
}

TEST_F(Replay, WhatIsMissingOfABodyIsNeverMadeUp) {
  {
    Proxy proxy(with("record", "", [](config::Options& options) { options.record = "heads"; }));
    Peer client = proxy.connect();
    client.send(get(url("/a")));
    Peer upstream = origin_->accept();
    (void)upstream.read_head();
    upstream.send(ok("hello"));
    (void)client.read_head();
    (void)proxy.row();
  }
  Proxy proxy(with("replay"));
  const std::string answer = ask(proxy, get(url("/a")));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 "));
  EXPECT_NE(answer.find("recorded without the whole body: exchange 1"), std::string::npos);
}

TEST_F(Replay, FailuresWereNoAnswers) {
  {
    Proxy proxy(with("record"));
    (void)ask(proxy, get("http://127.0.0.1:" + std::to_string(refused_port()) + "/"));
    Peer client = proxy.connect();
    client.send(get(url("/cut")));
    Peer upstream = origin_->accept();
    (void)upstream.read_head();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel");
    upstream.close();
    client.expect_end();
    (void)proxy.rows(2);
  }
  Proxy proxy(with("replay"));
  EXPECT_NE(ask(proxy, get(url("/cut"))).find("not recorded"), std::string::npos);
}

TEST_F(Replay, AutoForwardsWhatIsMissingAndThenHasIt) {
  record(get(url("/a")), ok("old"));
  Proxy proxy(with("auto"));
  EXPECT_EQ(body_of(ask(proxy, get(url("/a")))), "old");
  const auto post = [&] {
    return "POST " + url("/new") + " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
  };
  std::thread server([this] {
    Peer upstream = origin_->accept();
    (void)upstream.read_head();
    upstream.expect("body");
    upstream.send(ok("new"));
  });
  EXPECT_EQ(body_of(ask(proxy, post())), "new");
  server.join();
  const Row row = proxy.rows(3)[2];
  EXPECT_EQ(row.mode, "forward");
  EXPECT_EQ(row.request_body, "body");
  origin_->close();
  EXPECT_EQ(body_of(ask(proxy, post())), "new");
  EXPECT_EQ(proxy.rows(4)[3].replay_of, 3);
}

TEST_F(Replay, AutoPassesOnABodyTooLargeToHold) {
  const std::string large(20u << 20, 'b');
  Proxy proxy(with("auto"));
  std::string answer;
  std::thread client([&] {
    answer = ask(proxy, "POST " + url("/big") + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                            std::to_string(large.size()) + "\r\n\r\n" + large);
  });
  Peer upstream = origin_->accept();
  (void)upstream.read_head();
  EXPECT_TRUE(upstream.read(large.size()) == large);
  upstream.send(ok("got it"));
  client.join();
  EXPECT_EQ(body_of(answer), "got it");
  EXPECT_EQ(proxy.row().request_size, static_cast<std::int64_t>(large.size()));
}

TEST_F(Replay, HttpsIsAnsweredWithMintedLeavesAndNoNetwork) {
  const TestCa ca;
  const ScratchFile ca_file(ca.certificate_pem());
  const TlsServer server({.credential = ca.issue()});
  const std::string there = "localhost:" + std::to_string(origin_->port());
  const auto through = [&](const Proxy& proxy, const std::function<void(Peer&)>& talk) {
    const std::string anchor = body_of(ask(
        proxy, "GET http://tapedeck.invalid/ca.pem HTTP/1.1\r\nHost: tapedeck.invalid\r\n\r\n"));
    Peer client = proxy.connect();
    client.send("CONNECT " + there + " HTTP/1.1\r\nHost: " + there + "\r\n\r\n");
    (void)client.read_head();
    client.connect_tls(anchor, "localhost");
    client.send("GET /secret HTTP/1.1\r\nHost: " + there + "\r\n\r\n");
    talk(client);
  };
  {
    Proxy proxy(with("record", "",
                     [&](config::Options& options) { options.upstream_ca = ca_file.path(); }));
    through(proxy, [&](Peer& client) {
      Peer upstream = origin_->accept();
      upstream.start_tls(server);
      (void)upstream.read_head();
      upstream.send(ok("secret"));
      (void)client.read_head();
    });
    (void)proxy.rows(2);
  }
  Proxy proxy(with("replay", "", [](config::Options& options) { options.passthrough = {"*.x"}; }));
  through(proxy, [&](Peer& client) {
    (void)client.read_head();
    client.expect("secret");
  });
  EXPECT_FALSE(origin_->has_connection());
}

TEST_F(Replay, ATunnelThatCannotBeReadIsRefused) {
  record(get(url("/")), ok("1"));
  Proxy proxy(with("replay"));
  Peer client = proxy.connect();
  client.send("CONNECT " + origin_->authority() + " HTTP/1.1\r\nHost: x\r\n\r\n");
  (void)client.read_head();
  client.send("SSH-2.0-x\r\n");
  client.expect_end();
  EXPECT_FALSE(origin_->has_connection());
  EXPECT_EQ(proxy.rows(2)[1].outcome(), "failed 200 replay destination_unavailable");
}

TEST_F(Replay, TheGatewayReplaysToo) {
  record(get(url("/a")), "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
  Proxy proxy(
      with("replay", "", [](config::Options& options) { options.gateway = {"127.0.0.1:0"}; }));
  Peer client = Peer::connect(proxy.gateway_port());
  const std::string base = "127.0.0.1:" + std::to_string(proxy.gateway_port());
  client.send("GET /http/" + origin_->authority() + "/a HTTP/1.1\r\nHost: " + base + "\r\n\r\n");
  EXPECT_EQ(field(client.read_head(), "Location"),
            "http://" + base + "/http/" + origin_->authority() + "/b");
}

/// A body whose second event came a while after the first.
TEST_F(Replay, PacedAsRecordedOrFaster) {
  {
    Proxy proxy(with("record"));
    Peer client = proxy.connect();
    client.send(get(url("/events")));
    Peer upstream = origin_->accept();
    (void)upstream.read_head();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    (void)client.read_head();
    upstream.send("ab");
    client.expect("ab");
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    upstream.send("cd");
    client.expect("cd");
    (void)proxy.row();
  }
  const auto replayed = [&](const std::string& pace) {
    Proxy proxy(with("replay", "", [&](config::Options& options) { options.pace = pace; }));
    Peer client = proxy.connect();
    client.send(get(url("/events")));
    (void)client.read_head();
    client.expect("ab");
    const auto first = std::chrono::steady_clock::now();
    client.expect("cd");
    return std::chrono::steady_clock::now() - first;
  };
  EXPECT_GE(replayed("recorded"), std::chrono::milliseconds(290));
  EXPECT_GE(replayed("2x"), std::chrono::milliseconds(145));
}

TEST_F(Replay, AClientThatLeavesEndsThePacing) {
  record(get(url("/slow")), ok("late"));
  {
    storage::Database log(directory_.path("tapedeck.db"),
                          storage::Database::Access::read_write_create);
    log.execute("UPDATE exchange SET wait_us = 3600000000");
  }
  Proxy proxy(with("replay", "", [](config::Options& options) { options.pace = "recorded"; }));
  Peer client = proxy.connect();
  client.send(get(url("/slow")));
  client.close();
  EXPECT_EQ(proxy.rows(2)[1].outcome(), "aborted - respond client_disconnected");
}

TEST_F(Replay, ALogThatFailsIsAnAnswerToo) {
  record(get(url("/small")), ok("hello"));
  record(get(url("/large")), ok(std::string(200'000, 'x')));
  Proxy proxy(with("replay", "", [](config::Options& options) { options.record = "none"; }));
  {
    storage::Database log(directory_.path("tapedeck.db"),
                          storage::Database::Access::read_write_create);
    log.execute("DROP TABLE body_chunk");
  }
  Peer cut = proxy.connect();
  cut.send(get(url("/large")));
  cut.expect_end();
  {
    storage::Database log(directory_.path("tapedeck.db"),
                          storage::Database::Access::read_write_create);
    log.execute(
        "PRAGMA foreign_keys=OFF; DROP VIEW exchange_url; DROP VIEW request_header; "
        "DROP VIEW response_header; DROP TABLE exchange");
  }
  EXPECT_TRUE(ask(proxy, get(url("/small"))).starts_with("HTTP/1.1 503 "));
}

TEST_F(Replay, RecordNoneLeavesTheLogAlone) {
  record(get(url("/a")), ok("hello"));
  Proxy proxy(with("replay", "", [](config::Options& options) { options.record = "none"; }));
  EXPECT_EQ(body_of(ask(proxy, get(url("/a")))), "hello");
  EXPECT_EQ(proxy.all_rows().size(), 1u);
}

TEST_F(Replay, RulesOfTheOptionsApply) {
  record(get(url("/a?ts=1")), ok("hello"));
  Proxy proxy(with("replay", "", [](config::Options& options) { options.ignore = {"query:ts"}; }));
  EXPECT_EQ(body_of(ask(proxy, get(url("/a?ts=2")))), "hello");
  EXPECT_THROW(
      Proxy(with("replay", "", [](config::Options& options) { options.ignore = {"nonsense"}; })),
      std::runtime_error);
}

}  // namespace
}  // namespace tapedeck::test
