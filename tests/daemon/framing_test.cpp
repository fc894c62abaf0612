#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

std::string get(const std::string& url, const std::string& version = "1.1") {
  return "GET " + url + " HTTP/" + version + "\r\nHost: x\r\n\r\n";
}

TEST(Framing, PassesABodyOfKnownLength) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  const std::string body(300'000, 'b');
  client.send("POST " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n");
  Peer upstream = origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "Content-Length"), std::to_string(body.size()));
  client.send(body);
  EXPECT_EQ(upstream.read(body.size()), body);
  upstream.send("HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
  client.read_head();
  EXPECT_EQ(client.read(body.size()), body);
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 201");
  EXPECT_EQ(row.request_body, body);
  EXPECT_EQ(row.response_body, body);
  EXPECT_EQ(row.request_size, 300'000);
  EXPECT_EQ(row.response_size, 300'000);
}

TEST(Framing, PassesChunksAndTrailersBothWays) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5;ext=1\r\nhello\r\n");
  Peer upstream = origin.accept();
  const std::string request = upstream.read_head();
  EXPECT_EQ(field(request, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(field(request, "Content-Length"), "(absent)");
  upstream.expect("5\r\nhello\r\n");
  client.send("6\r\n world\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n");
  upstream.expect("6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n");
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_EQ(field(client.read_head(), "Transfer-Encoding"), "chunked");
  client.expect("3\r\nabc\r\n");
  upstream.send("0\r\nX-Late: yes\r\nTransfer-Encoding: gzip\r\n\r\n");
  client.expect("0\r\nX-Late: yes\r\n\r\n");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.request_body, "hello world");
  EXPECT_EQ(row.response_body, "abc");
  EXPECT_EQ(row.request_trailers, R"([["X-Sum","1"],["Content-Length","9"]])");
  EXPECT_EQ(row.response_trailers, R"([["X-Late","yes"],["Transfer-Encoding","gzip"]])");
}

TEST(Framing, UnchunksForAnHttp10Client) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  const std::string response = client.read_head();
  EXPECT_EQ(field(response, "Transfer-Encoding"), "(absent)");
  EXPECT_EQ(field(response, "Connection"), "close");
  EXPECT_EQ(client.read_until_close(), "abc");
  EXPECT_EQ(proxy.row().outcome(), "complete 200");
}

TEST(Framing, ReframesABodyThatEndsByClosing) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.0 200 OK\r\n\r\nabc");
  EXPECT_EQ(field(client.read_head(), "Transfer-Encoding"), "chunked");
  client.expect("3\r\nabc\r\n");
  upstream.close();
  client.expect("0\r\n\r\n");
  EXPECT_EQ(proxy.row().outcome(), "complete 200");
  // The client's connection lives on.
  client.send(get(origin.url("/")));
  Peer second = origin.accept();
  second.read_head();
  second.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 204 "));
}

struct Bodiless {
  const char* method;
  const char* response;
  const char* content_length;
};

TEST(Framing, SendsNoBodyWhereThereIsNone) {
  const Bodiless cases[] = {
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "1000"},
      {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", "(absent)"},
      {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", "(absent)"},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", "1000"},
      {"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", "(absent)"},
  };
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  client.read_head();
  for (const Bodiless& one : cases) {
    SCOPED_TRACE(std::string(one.method) + " " + one.response);
    client.send(std::string(one.method) + " " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\n\r\n");
    upstream.read_head();
    upstream.send(one.response);
    EXPECT_EQ(field(client.read_head(), "Content-Length"), one.content_length);
  }
  const LogRows rows = proxy.rows(6);
  for (const Row& row : rows) {
    EXPECT_EQ(row.state, "complete");
    EXPECT_EQ(row.response_size, 0);
  }
}

TEST(Framing, ForwardsAnExpectationAndItsContinue) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("PUT " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  Peer upstream = origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "Expect"), "100-continue");
  upstream.send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 100 Continue\r\n"));
  client.send("body");
  upstream.expect("body");
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 OK\r\n"));
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.request_body, "body");
}

TEST(Framing, AFinalAnswerToAnExpectationNeedsNoBody) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("PUT " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(
      "HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
  const std::string response = client.read_head();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 417 "));
  EXPECT_EQ(field(response, "Connection"), "close");
  client.expect("no");
  client.shutdown();
  EXPECT_EQ(client.read_until_end(), "");
  upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 417 send http_request_error");
  EXPECT_EQ(row.request_size, 0);
}

TEST(Framing, ForwardsInterimResponsesButNotToHttp10) {
  Proxy proxy;
  Origin origin;
  const std::string answer =
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(answer);
  const std::string hints = client.read_head();
  EXPECT_TRUE(hints.starts_with("HTTP/1.1 103 Early Hints\r\n"));
  EXPECT_EQ(field(hints, "Link"), "</a.css>");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 102 Processing\r\n"));
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 OK\r\n"));

  Peer old = proxy.connect();
  old.send(get(origin.url("/"), "1.0"));
  upstream.read_head();
  upstream.send(answer);
  EXPECT_TRUE(old.read_head().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(proxy.rows(2)[0].status, 200);
}

TEST(Framing, AnEarlyAnswerThatClosesEndsTheUpload) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  client.send("partial");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.expect("partial");
  upstream.send(
      "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig");
  upstream.close();
  const std::string response = client.read_head();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 413 "));
  EXPECT_EQ(field(response, "Connection"), "close");
  client.expect("big");
  client.shutdown();
  EXPECT_EQ(client.read_until_end(), "");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 413 send http_request_error");
  EXPECT_EQ(row.request_body, "partial");
}

TEST(Framing, AnEarlyAnswerOfAnOriginThatReadsOnLetsTheUploadFinish) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nfirst");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.expect("first");
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const std::string response = client.read_head();
  EXPECT_EQ(field(response, "Connection"), "(absent)");
  client.expect("ok");
  client.send("other");
  upstream.expect("other");
  EXPECT_EQ(proxy.row().request_body, "firstother");
  client.send(get(origin.url("/again")));
  EXPECT_TRUE(upstream.read_head().starts_with("GET /again "));
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  client.read_head();
  for (const Row& row : proxy.rows(2)) EXPECT_EQ(row.outcome(), "complete 200");
}

}  // namespace
}  // namespace tapedeck::test
