#include <gtest/gtest.h>
#include <thread>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

using std::chrono::milliseconds;

std::string get(const std::string& url) { return "GET " + url + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

void short_times(config::Options& options) {
  options.limits.header_timeout = milliseconds(150);
  options.limits.body_idle_timeout = milliseconds(150);
  options.limits.first_byte_timeout = milliseconds(150);
  options.limits.client_idle_timeout = milliseconds(150);
}

/// Reads an answer of the proxy's own and checks its form.
void expect_answer(Peer& client, int status, const std::string& error_type) {
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 " + std::to_string(status) + " ")) << head;
  EXPECT_TRUE(
      field(head, "Proxy-Status").starts_with("tapedeck; error=" + error_type + "; details="))
      << head;
  EXPECT_EQ(field(head, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_NE(field(head, "Date"), "(absent)");
  EXPECT_TRUE(client.read(std::stoul(field(head, "Content-Length"))).ends_with("\n"));
}

TEST(Failure, NameNotFound) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send(get("http://nonesuch.invalid/"));
  expect_answer(client, 502, "dns_error");
  EXPECT_EQ(proxy.row().outcome(), "failed 502 resolve dns_error");
}

TEST(Failure, AWholeExchangeHasATime) {
  Proxy proxy(
      [](config::Options& options) { options.limits.exchange_timeout = milliseconds(300); });
  Origin origin;
  Peer client = proxy.connect();

  client.send(get(origin.url("/slow-to-answer")));
  Peer waiting = origin.accept();
  waiting.read_head();
  expect_answer(client, 504, "http_response_timeout");
  EXPECT_EQ(proxy.rows(1)[0].outcome(), "failed 504 wait http_response_timeout");

  // One that always says something in time.
  Peer reader = proxy.connect();
  reader.send(get(origin.url("/endless")));
  Peer dripping = origin.accept();
  dripping.read_head();
  dripping.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
  for (int i = 0; i < 2; ++i) {
    std::this_thread::sleep_for(milliseconds(100));
    dripping.send(".");
  }
  reader.read_head();
  reader.read_until_end();
  const Row cut = proxy.rows(2)[1];
  EXPECT_EQ(cut.outcome(), "failed 200 receive connection_read_timeout");
  EXPECT_NE(cut.error_detail.find("exchange_timeout"), std::string::npos) << cut.error_detail;
}

TEST(Failure, Refused) {
  Proxy proxy;
  Peer client = proxy.connect();
  const std::string url = "http://127.0.0.1:" + std::to_string(refused_port()) + "/";
  client.send(get(url));
  expect_answer(client, 502, "connection_refused");
  // The connection is as good as before.
  client.send("HEAD " + url + " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 502 "));
  const LogRows rows = proxy.rows(2);
  for (const Row& row : rows) EXPECT_EQ(row.outcome(), "failed 502 connect connection_refused");
  EXPECT_NE(rows[0].response_size, 0);
  EXPECT_EQ(rows[1].response_size, 0);
}

TEST(Failure, RefusedWithABodyOnItsWay) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send("POST http://127.0.0.1:" + std::to_string(refused_port()) +
              "/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nsome");
  expect_answer(client, 502, "connection_refused");
  client.shutdown();
  EXPECT_EQ(client.read_until_end(), "");
  EXPECT_EQ(proxy.row().outcome(), "failed 502 connect connection_refused");
}

TEST(Failure, HttpsOnARequestLine) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send(get("https://127.0.0.1:1/"));
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 5"));
  EXPECT_EQ(proxy.row().state, "failed");
}

TEST(Failure, ASchemeNobodySpeaksIsTheClientsFault) {
  Proxy proxy;
  Peer client = proxy.connect();
  client.send(get("ftp://a.example/x"));
  expect_answer(client, 400, "http_request_error");
  EXPECT_EQ(proxy.row().outcome(), "failed 400 route http_request_error");
}

TEST(Failure, NoAnswerInTime) {
  Proxy proxy(short_times);
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  expect_answer(client, 504, "http_response_timeout");
  upstream.expect_end();
  EXPECT_EQ(proxy.row().outcome(), "failed 504 wait http_response_timeout");
}

TEST(Failure, BodyStalls) {
  Proxy proxy(short_times);
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  client.read_head();
  EXPECT_EQ(client.read_until_end(), "half");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 200 receive connection_read_timeout");
  EXPECT_EQ(row.response_body, "half");
}

/// What an origin does instead of answering, and what becomes of it.
struct BadAnswer {
  const char* name;
  std::string sent;
  enum class End { keeps_open, closes, resets } end;
  int status;
  const char* error_type;
  const char* stage;
};

std::ostream& operator<<(std::ostream& out, const BadAnswer& bad) { return out << bad.name; }

class BadHead : public testing::TestWithParam<BadAnswer> {};

TEST_P(BadHead, IsAnsweredAndRecorded) {
  const BadAnswer& bad = GetParam();
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.expect("body");
  upstream.send(bad.sent);
  if (bad.end == BadAnswer::End::closes) upstream.close();
  if (bad.end == BadAnswer::End::resets) upstream.reset();
  expect_answer(client, bad.status, bad.error_type);
  if (bad.end == BadAnswer::End::keeps_open) upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(),
            "failed " + std::to_string(bad.status) + " " + bad.stage + " " + bad.error_type);
  EXPECT_EQ(row.request_body, "body");
  EXPECT_FALSE(row.error_detail.empty());
  EXPECT_FALSE(origin.has_connection()) << "a POST is never sent twice";
  // The client's connection is as good as before.
  client.send("OPTIONS http://a.example/ HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
}

using End = BadAnswer::End;
INSTANTIATE_TEST_SUITE_P(
    Failure, BadHead,
    testing::Values(
        BadAnswer{"Closed", "", End::closes, 502, "connection_terminated", "wait"},
        BadAnswer{"Reset", "", End::resets, 502, "connection_terminated", "wait"},
        BadAnswer{"CutHead", "HTTP/1.1 200 OK\r\nContent-", End::closes, 502,
                  "http_response_incomplete", "wait"},
        BadAnswer{"StatusLine", "HTTP/1.1 2000 Too many\r\n\r\n", End::keeps_open, 502,
                  "http_protocol_error", "wait"},
        BadAnswer{"NotHttp", "SSH-2.0-OpenSSH_9.2\r\n\r\n", End::keeps_open, 502,
                  "http_protocol_error", "wait"},
        BadAnswer{"ContentLength", "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n", End::keeps_open,
                  502, "http_protocol_error", "wait"},
        BadAnswer{"UnknownCoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: zip, chunked\r\n\r\n",
                  End::keeps_open, 502, "http_response_transfer_coding", "wait"},
        BadAnswer{"HeadTooLarge", "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
                  End::keeps_open, 502, "http_response_header_section_size", "wait"},
        BadAnswer{"UnaskedUpgrade",
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                  End::keeps_open, 502, "http_upgrade_failed", "wait"}),
    [](const auto& instance) { return instance.param.name; });

class BadBody : public testing::TestWithParam<BadAnswer> {};

TEST_P(BadBody, BreaksTheMessageForTheClientToo) {
  const BadAnswer& bad = GetParam();
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(bad.sent);
  client.read_head();
  client.read_to("part");
  if (bad.end == End::closes) upstream.close();
  if (bad.end == End::resets) upstream.reset();
  if (bad.end == End::keeps_open) upstream.send("zz\r\n");
  const std::string rest = client.read_until_end();
  EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos) << rest;
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), std::string("failed 200 ") + bad.stage + " " + bad.error_type);
  EXPECT_EQ(row.response_body, "part");
  EXPECT_EQ(row.response_size, 4);
}

/// A body that ends with its connection would look whole after a FIN: only here is a reset needed.
TEST(Failure, ACutBodyThatIsDelimitedByClosingIsReset) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.0\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
  client.read_head();
  client.read_to("part");
  upstream.close();
  client.read_until_end();
  EXPECT_TRUE(client.was_reset());
  EXPECT_EQ(proxy.row().outcome(), "failed 200 receive http_response_incomplete");
}

INSTANTIATE_TEST_SUITE_P(
    Failure, BadBody,
    testing::Values(BadAnswer{"LengthCut", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart",
                              End::closes, 200, "http_response_incomplete", "receive"},
                    BadAnswer{"LengthReset", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart",
                              End::resets, 200, "connection_terminated", "receive"},
                    BadAnswer{"ChunkedCut",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
                              End::closes, 200, "http_response_incomplete", "receive"},
                    BadAnswer{"UntilCloseReset", "HTTP/1.1 200 OK\r\n\r\npart", End::resets, 200,
                              "connection_terminated", "receive"},
                    BadAnswer{"BadChunk",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
                              End::keeps_open, 200, "http_response_transfer_coding", "receive"}),
    [](const auto& instance) { return instance.param.name; });

TEST(Failure, ClientGoneWhileWaiting) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  client.close();
  upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.state, "aborted");
  EXPECT_EQ(row.error_code, "client_disconnected");
}

TEST(Failure, ClientGoneInADownload) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart");
  client.read_to("part");
  client.reset();
  upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.state, "aborted");
  EXPECT_EQ(row.status, 200);
  EXPECT_EQ(row.response_body, "part");
}

TEST(Failure, ClientGoneInAnUpload) {
  for (const bool reset : {false, true}) {
    SCOPED_TRACE(reset);
    Proxy proxy;
    Origin origin;
    Peer client = proxy.connect();
    client.send("POST " + origin.url("/") +
                " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart");
    Peer upstream = origin.accept();
    upstream.read_head();
    upstream.expect("part");
    if (reset) {
      client.reset();
    } else {
      client.close();
    }
    EXPECT_EQ(upstream.read_until_end(), "");
    const Row row = proxy.row();
    EXPECT_EQ(row.state, "aborted");
    EXPECT_EQ(row.request_body, "part");
  }
}

TEST(Failure, ABadChunkInAnUploadEndsBothSides) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.expect("4\r\npart\r\n");
  client.send("zz\r\n");
  expect_answer(client, 400, "http_request_error");
  EXPECT_EQ(upstream.read_until_end(), "");
  client.shutdown();
  client.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 400 request http_request_error");
  EXPECT_EQ(row.request_body, "part");
}

/// In one piece with the head, so that it is found before the response is waited for.
TEST(Failure, ABadChunkRightBehindTheHeadEndsBothSides) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n");
  Peer upstream = origin.accept();
  expect_answer(client, 400, "http_request_error");
  upstream.read_head();
  upstream.expect("4\r\npart\r\n");
  EXPECT_EQ(upstream.read_until_end(), "");
  EXPECT_EQ(proxy.row().outcome(), "failed 400 request http_request_error");
}

TEST(Failure, ASlowUploadIsGivenUp) {
  Proxy proxy(
      [](config::Options& options) { options.limits.body_idle_timeout = milliseconds(150); });
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\npart");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.expect("part");
  expect_answer(client, 408, "http_request_error");
  upstream.expect_end();
  EXPECT_EQ(proxy.row().outcome(), "failed 408 request http_request_error");
}

TEST(Failure, ASlowHeadIsGivenUp) {
  Proxy proxy(short_times);
  Peer client = proxy.connect();
  client.send("GET http://a.example/ HTT");
  expect_answer(client, 408, "http_request_error");
  client.shutdown();
  EXPECT_EQ(client.read_until_end(), "");
  EXPECT_EQ(proxy.row().outcome(), "failed 408 request http_request_error");
}

TEST(Failure, AnIdleClientIsClosedWithoutARow) {
  Proxy proxy(short_times);
  Peer client = proxy.connect();
  EXPECT_EQ(client.read_until_close(), "");
  EXPECT_EQ(proxy.all_rows().size(), 0u);
}

struct BadRequest {
  const char* name;
  std::string sent;
  int status;
};

std::ostream& operator<<(std::ostream& out, const BadRequest& bad) { return out << bad.name; }

class RequestFault : public testing::TestWithParam<BadRequest> {};

TEST_P(RequestFault, IsAnsweredAndEndsTheConnection) {
  const BadRequest& bad = GetParam();
  Proxy proxy;
  Peer client = proxy.connect();
  client.send(bad.sent);
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 " + std::to_string(bad.status) + " ")) << head;
  EXPECT_EQ(field(head, "Connection"), "close");
  client.shutdown();
  EXPECT_EQ(client.read_until_close().size(), std::stoul(field(head, "Content-Length")));
  const Row row = proxy.row();
  EXPECT_EQ(row.state, "failed");
  EXPECT_EQ(row.status, bad.status);
  EXPECT_EQ(row.error_code, "http_request_error");
}

INSTANTIATE_TEST_SUITE_P(
    Failure, RequestFault,
    testing::Values(
        BadRequest{"RequestLine", "GET  http://a.example/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        BadRequest{"NoHost", "GET http://a.example/ HTTP/1.1\r\n\r\n", 400},
        BadRequest{"TwoHosts", "GET http://a.example/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
        BadRequest{"SpaceBeforeColon", "GET http://a.example/ HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        BadRequest{"Version", "GET http://a.example/ HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        BadRequest{"TlsHandshake",
                   std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) +
                       std::string(500, 'r') + "\r\n\r\n",
                   400},
        BadRequest{
            "LongLine",
            "GET http://a.example/" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n",
            414},
        BadRequest{"LargeHead",
                   "GET http://a.example/ HTTP/1.1\r\nHost: x\r\nX: " + std::string(70'000, 'x') +
                       "\r\n\r\n",
                   431},
        BadRequest{"UnknownCoding",
                   "POST http://a.example/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zip, "
                   "chunked\r\n\r\n",
                   501},
        BadRequest{"LengthAndChunks",
                   "POST http://a.example/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                   "chunked\r\nContent-Length: 3\r\n\r\n",
                   400}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace tapedeck::test
