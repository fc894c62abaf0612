#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string request(const std::string& method, const std::string& url,
                    const std::string& body = "") {
  return method + " " + url +
         " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string get(const std::string& url) { return "GET " + url + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

/// A client and an origin that have had one exchange, so that a connection rests in the pool.
struct Warm {
  Warm() {
    client.send(get(origin.url("/warm")));
    upstream = origin.accept();
    upstream.read_head();
    upstream.send(kOk);
    client.read_head();
    client.expect("ok");
  }
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  Peer upstream{-1};
};

TEST(Reuse, AnIdempotentRequestIsRetriedOnceOnAStaleConnection) {
  Warm warm;
  warm.client.send(get(warm.origin.url("/again")));
  EXPECT_TRUE(warm.upstream.read_head().starts_with("GET /again "));
  warm.upstream.close();
  Peer second = warm.origin.accept();
  EXPECT_TRUE(second.read_head().starts_with("GET /again "));
  second.send(kOk);
  warm.client.read_head();
  warm.client.expect("ok");
  const LogRows rows = warm.proxy.rows(2);
  EXPECT_EQ(rows[1].outcome(), "complete 200");
  EXPECT_EQ(rows[1].upstream_reused, 0);
}

TEST(Reuse, NeverTwice) {
  Warm warm;
  warm.client.send(get(warm.origin.url("/again")));
  warm.upstream.read_head();
  warm.upstream.close();
  Peer second = warm.origin.accept();
  second.read_head();
  second.close();
  EXPECT_TRUE(warm.client.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_FALSE(warm.origin.has_connection());
  EXPECT_EQ(warm.proxy.rows(2)[1].outcome(), "failed 502 wait connection_terminated");
}

TEST(Reuse, APostIsNeverRetried) {
  for (const std::string body : {"", "body"}) {
    Warm warm;
    warm.client.send(request("POST", warm.origin.url("/once"), body));
    warm.upstream.read_head();
    warm.upstream.expect(body);
    warm.upstream.close();
    EXPECT_TRUE(warm.client.read_head().starts_with("HTTP/1.1 502 "));
    EXPECT_FALSE(warm.origin.has_connection());
  }
}

TEST(Reuse, NothingIsRetriedAfterAByteOfTheResponse) {
  Warm warm;
  warm.client.send(get(warm.origin.url("/again")));
  warm.upstream.read_head();
  warm.upstream.send("H");
  warm.upstream.close();
  EXPECT_TRUE(warm.client.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_FALSE(warm.origin.has_connection());
}

TEST(Reuse, NothingIsRetriedAfterAnInterimResponse) {
  Warm warm;
  warm.client.send(get(warm.origin.url("/again")));
  warm.upstream.read_head();
  warm.upstream.send("HTTP/1.1 103 Early Hints\r\n\r\n");
  EXPECT_TRUE(warm.client.read_head().starts_with("HTTP/1.1 103 "));
  warm.upstream.close();
  EXPECT_TRUE(warm.client.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_FALSE(warm.origin.has_connection());
}

TEST(Reuse, AConnectionClosedWhileIdleIsNotUsed) {
  Warm warm;
  warm.upstream.close();
  warm.client.send(request("POST", warm.origin.url("/"), "body"));
  // The FIN may or may not have been seen; loopback delivers it before our next request.
  Peer second = warm.origin.accept();
  second.read_head();
  second.expect("body");
  second.send(kOk);
  EXPECT_TRUE(warm.client.read_head().starts_with("HTTP/1.1 200 "));
}

TEST(Reuse, AConnectionThatSaysCloseIsNotUsed) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get(origin.url("/")));
    Peer upstream = origin.accept();
    upstream.read_head();
    upstream.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(field(client.read_head(), "Connection"), "(absent)");
    upstream.expect_end();
  }
}

/// Bytes that no request asked for must never be taken for a response: sent together with one, and
/// on a connection at rest.
TEST(Reuse, SurplusBytesNeverReachTheNextExchange) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  const std::string forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
  constexpr int kRounds = 200;
  for (int i = 0; i < kRounds; ++i) {
    client.send(get(origin.url("/" + std::to_string(i))));
    Peer upstream = origin.accept();
    EXPECT_TRUE(upstream.read_head().starts_with("GET /" + std::to_string(i) + " "));
    if (i % 2 == 0) {
      upstream.send(std::string(kOk) + forged);
    } else {
      upstream.send(kOk);
    }
    client.read_head();
    client.expect("ok");
    if (i % 2 == 1) upstream.send(forged);
    // Holding the connection open, the proxy must dial a new one all the same.
    if (i % 2 == 0) upstream.expect_end();
  }
  for (const Row& row : proxy.rows(kRounds)) {
    EXPECT_EQ(row.outcome(), "complete 200");
    EXPECT_EQ(row.response_body, "ok");
    EXPECT_EQ(row.upstream_reused, 0);
  }
}

}  // namespace
}  // namespace tapedeck::test
