#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST(Forward, RewritesTheRequestAndTheResponse) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(
      "GET " + origin.url("/a%20b?x=%31&x=") +
      " HTTP/1.1\r\nHost: elsewhere.example\r\nX-One: 1\r\nConnection: keep-alive, X-Hop\r\n"
      "X-Hop: secret\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
      "TE: trailers, deflate\r\nUpgrade: h2c\r\nX-One: 2\r\n\r\n");
  Peer upstream = origin.accept();
  const std::string request = upstream.read_head();
  EXPECT_EQ(normalized(request), "GET /a%20b?x=%31&x= HTTP/1.1\r\nHost: " + origin.authority() +
                                     "\r\nX-One: 1\r\nX-One: 2\r\nTE: trailers\r\n"
                                     "Connection: TE\r\nVia: 1.1 tapedeck\r\n\r\n");
  upstream.send(
      "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nConnection: X-Gone\r\nX-Gone: 1\r\n"
      "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nhello");
  EXPECT_EQ(normalized(client.read_head()),
            "HTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nDate: (now)\r\n"
            "Via: 1.1 tapedeck\r\nContent-Length: 5\r\n\r\n");
  client.expect("hello");

  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.mode, "forward");
  EXPECT_EQ(row.method, "GET");
  EXPECT_EQ(row.scheme, "http");
  EXPECT_EQ(row.host, "127.0.0.1");
  EXPECT_EQ(row.port, origin.port());
  EXPECT_EQ(row.path, "/a%20b");
  EXPECT_EQ(row.query, "x=%31&x=");
  EXPECT_EQ(row.client, client.local_address());
  EXPECT_EQ(row.request_headers,
            R"([["Host","elsewhere.example"],["X-One","1"],["Connection","keep-alive, X-Hop"],)"
            R"(["X-Hop","secret"],["Keep-Alive","timeout=5"],["Proxy-Connection","keep-alive"],)"
            R"(["TE","trailers, deflate"],["Upgrade","h2c"],["X-One","2"]])");
  EXPECT_EQ(row.response_headers,
            R"([["Content-Length","5"],["Connection","X-Gone"],["X-Gone","1"],)"
            R"(["Set-Cookie","a=1"],["Set-Cookie","b=2"]])");
  EXPECT_EQ(row.response_body, "hello");
  EXPECT_EQ(row.response_size, 5);
  EXPECT_EQ(row.request_size, 0);
  EXPECT_EQ(row.upstream_address, origin.authority());
  EXPECT_EQ(row.upstream_reused, 0);
  EXPECT_GE(row.total_us, 0);
}

TEST(Forward, KeepsADateThatIsThere) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  EXPECT_TRUE(upstream.read_head().starts_with("GET / HTTP/1.1\r\n"));
  upstream.send(
      "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(field(client.read_head(), "Date"), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(proxy.row().path, "/");
}

TEST(Forward, AppendsToAnExistingVia) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\nVia: 1.0 fred\r\n\r\n");
  Peer upstream = origin.accept();
  EXPECT_EQ(field(normalized(upstream.read_head()), "Via"), "1.0 fred | 1.1 tapedeck");
  upstream.send(kHello);
  client.read_head();
  client.expect("hello");
}

TEST(Forward, ServesOneAfterTheOtherOnOneConnectionEachWay) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/0") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(upstream.read_head().starts_with("GET /" + std::to_string(i) + " "));
    upstream.send(kHello);
    client.read_head();
    client.expect("hello");
    client.send("GET " + origin.url("/" + std::to_string(i + 1)) + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  client.close();
  upstream.expect_end();
  const LogRows rows = proxy.rows(6);
  ASSERT_EQ(rows.size(), 6u);
  EXPECT_EQ(rows[0].upstream_reused, 0);
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_EQ(rows[i].outcome(), "complete 200");
    EXPECT_EQ(rows[i].upstream_reused, 1);
    EXPECT_EQ(rows[i].path, "/" + std::to_string(i));
  }
  EXPECT_EQ(rows[5].state, "aborted");
}

TEST(Forward, AnswersPipelinedRequestsInOrder) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += "POST " + origin.url("/" + std::to_string(i)) +
                " HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
  }
  client.send(requests);
  Peer upstream = origin.accept();
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_TRUE(upstream.read_head().starts_with("POST /" + number + " "));
    upstream.expect("abc");
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(number.size()) +
                  "\r\n\r\n" + number);
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 OK\r\n"));
    client.expect(number);
  }
  EXPECT_EQ(proxy.rows(20).size(), 20u);
}

TEST(Forward, ClosesWhenTheClientAsks) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" +
              "GET " + origin.url("/never") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "Connection"), "(absent)");
  upstream.send(kHello);
  EXPECT_EQ(field(client.read_head(), "Connection"), "close");
  EXPECT_EQ(client.read_until_end(), "hello");
  EXPECT_EQ(proxy.all_rows().size(), 1u);
}

TEST(Forward, SpeaksHttp10ToNobodyButUnderstandsIt) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
  Peer upstream = origin.accept();
  const std::string request = upstream.read_head();
  EXPECT_TRUE(request.starts_with("GET / HTTP/1.1\r\n"));
  EXPECT_EQ(field(normalized(request), "Via"), "1.0 tapedeck");
  EXPECT_EQ(field(request, "Expect"), "(absent)");
  EXPECT_EQ(field(request, "Host"), origin.authority());
  upstream.send("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const std::string response = client.read_head();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(field(normalized(response), "Via"), "1.0 tapedeck");
  EXPECT_EQ(client.read_until_close(), "ok");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.response_version, "HTTP/1.0");
  upstream.expect_end();
}

TEST(Forward, ReverseAddsThePathPrefix) {
  Origin origin;
  Proxy proxy([&](config::Options& options) { options.reverse = origin.url("/base/"); });
  Peer client = proxy.connect();
  client.send("GET /x?y HTTP/1.1\r\nHost: front.example\r\n\r\n");
  Peer upstream = origin.accept();
  const std::string request = upstream.read_head();
  EXPECT_TRUE(request.starts_with("GET /base/x?y HTTP/1.1\r\n"));
  EXPECT_EQ(field(request, "Host"), origin.authority());
  upstream.send(kHello);
  client.read_head();
  client.expect("hello");
  const Row row = proxy.row();
  EXPECT_EQ(row.mode, "reverse");
  EXPECT_EQ(row.path, "/base/x");
  EXPECT_EQ(row.query, "y");
}

TEST(Forward, RefusesOriginFormWithAHint) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send("GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n");
  const std::string response = client.read_head();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 400 "));
  const std::string body = client.read(std::stoul(field(response, "Content-Length")));
  EXPECT_NE(body.find("--reverse"), std::string::npos);
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 400 route http_request_error");
  EXPECT_EQ(row.path, "/x");
  // Nothing was wrong with the connection.
  client.send("GET /y HTTP/1.1\r\nHost: a.example\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 400 "));
}

TEST(Forward, OptionsOfAHostBecomesAsterisk) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("OPTIONS " + origin.url("") + " HTTP/1.1\r\nHost: x\r\nMax-Forwards: 1\r\n\r\n");
  Peer upstream = origin.accept();
  const std::string request = upstream.read_head();
  EXPECT_TRUE(request.starts_with("OPTIONS * HTTP/1.1\r\n"));
  EXPECT_EQ(field(request, "Max-Forwards"), "0");
  upstream.send("HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n");
  EXPECT_EQ(field(client.read_head(), "Allow"), "GET");
  EXPECT_EQ(proxy.row().path, "*");
}

TEST(Forward, AnswersTheLastHopOfOptionsAndTraceItself) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send("OPTIONS http://a.example/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n");
  const std::string options = client.read_head();
  EXPECT_TRUE(options.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(field(options, "Allow"), "(absent)");
  client.send(
      "TRACE http://a.example/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\nCookie: a\r\n"
      "X-Mine: 1\r\n\r\n");
  const std::string trace = client.read_head();
  EXPECT_EQ(field(trace, "Content-Type"), "message/http");
  EXPECT_EQ(client.read(std::stoul(field(trace, "Content-Length"))),
            "TRACE http://a.example/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\nX-Mine: 1\r\n\r\n");
  for (const Row& row : proxy.rows(2)) EXPECT_EQ(row.outcome(), "complete 200");
}

TEST(Forward, CutsALoopSeenInVia) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  const std::string via = field(upstream.read_head(), "Via");
  upstream.send(kHello);
  client.read_head();
  client.expect("hello");
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\nVia: " + via + "\r\n\r\n");
  const std::string response = client.read_head();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 502 "));
  EXPECT_TRUE(field(response, "Proxy-Status").starts_with("tapedeck; error=proxy_loop_detected;"));
  EXPECT_EQ(proxy.rows(2)[1].outcome(), "failed 502 route proxy_loop_detected");
}

TEST(Forward, NeverConnectsToItself) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send("GET http://" + proxy.authority() + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(proxy.row().outcome(), "failed 502 connect proxy_loop_detected");
}

TEST(Forward, NeverConnectsToItselfHoweverItIsSpelled) {
  for (const char* host : {"127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0",
                           "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"}) {
    SCOPED_TRACE(host);
    Proxy proxy([](config::Options& options) { options.passthrough = {"*"}; });
    const std::string port = proxy.authority().substr(proxy.authority().find(':'));
    for (const std::string& request :
         {"GET http://" + std::string(host) + port + "/ HTTP/1.1\r\nHost: x\r\n\r\n",
          "CONNECT " + std::string(host) + port + " HTTP/1.1\r\nHost: x\r\n\r\n"}) {
      Peer client = proxy.connect();
      client.send(request);
      const std::string answer = client.read_head();
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 50") || answer.starts_with("HTTP/1.1 40")) << answer;
    }
    for (const Row& row : proxy.rows(2)) EXPECT_EQ(row.state, "failed");
  }
}

TEST(Forward, IsNoCacheAndChangesNoContent) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  const std::string request = "GET " + origin.url("/same") +
                              " HTTP/1.1\r\nHost: x\r\nCache-Control: only-if-cached\r\n"
                              "Accept-Encoding: br\r\n\r\n";
  client.send(request);
  Peer upstream = origin.accept();
  for (int turn = 0; turn < 2; ++turn) {
    if (turn == 1) client.send(request);
    const std::string asked = upstream.read_head();
    EXPECT_EQ(field(asked, "Cache-Control"), "only-if-cached");
    EXPECT_EQ(field(asked, "Accept-Encoding"), "br");
    upstream.send(
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=600, no-transform\r\nAge: 3\r\n"
        "Content-Length: 5\r\n\r\nhello");
    const std::string head = client.read_head();
    EXPECT_EQ(field(head, "Cache-Control"), "max-age=600, no-transform");
    EXPECT_EQ(field(head, "Age"), "3");
    client.expect("hello");
  }
}

TEST(Forward, PassesOnWhatOnlyAnOriginMaySay) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/0") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  int number = 0;
  for (const char* status : {"421 Misdirected Request", "425 Too Early", "407 Go Away", "299 "}) {
    upstream.read_head();
    upstream.send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 " + std::string(status) + "\r\n"));
    client.expect("no");
    client.send("GET " + origin.url("/" + std::to_string(++number)) +
                " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
}

TEST(Forward, AnAnswerOfItsOwnEchoesNoCredentialsAndNoMarkup) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send(
      "GET http://127.0.0.1:1/<script>alert(1)</script>?token=s3cret HTTP/1.1\r\nHost: x\r\n"
      "Authorization: Bearer s3cret\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_until_close();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(answer.find("<script>"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("s3cret"), std::string::npos) << answer;
}

TEST(Forward, KeepsCredentialsForTheProxyToItself) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n");
  Peer upstream = origin.accept();
  EXPECT_EQ(field(upstream.read_head(), "Proxy-Authorization"), "(absent)");
  upstream.send(kHello);
  client.read_head();
  client.expect("hello");
  EXPECT_EQ(proxy.row().request_headers, R"([["Host","x"]])");
}

TEST(Forward, RecordNoneWritesNothing) {
  Proxy proxy([](config::Options& options) { options.record = "none"; });
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(kHello);
  client.read_head();
  client.expect("hello");
  EXPECT_FALSE(std::filesystem::exists(proxy.database()));
}

TEST(Forward, RecordHeadsKeepsSizesWithoutBodies) {
  Proxy proxy([](config::Options& options) { options.record = "heads"; });
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(kHello);
  client.read_head();
  client.expect("hello");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.response_size, 5);
  EXPECT_EQ(row.response_body, "");
}

}  // namespace
}  // namespace tapedeck::test
