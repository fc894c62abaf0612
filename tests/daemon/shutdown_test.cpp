#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

using std::chrono::milliseconds;

std::string get(const std::string& url) { return "GET " + url + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

void patient(config::Options& options) { options.limits.shutdown_timeout = milliseconds(60'000); }
void strict(config::Options& options) { options.commit = "strict"; }

TEST(Shutdown, IdleConnectionsCloseAtOnce) {
  Proxy proxy(patient);
  Origin origin;
  Peer silent = proxy.connect();
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  client.read_head();
  proxy.stop();
  EXPECT_EQ(client.read_until_close(), "");
  silent.expect_end();
  upstream.expect_end();
  proxy.join();
  EXPECT_EQ(proxy.all_rows().only().outcome(), "complete 200");
}

TEST(Shutdown, ARunningExchangeFinishesAndCloses) {
  Proxy proxy(patient);
  Origin origin;
  Peer idle = proxy.connect();
  // Once this one is served, `idle` has been accepted too.
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  proxy.stop();
  idle.expect_end();  // the stop has begun
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(field(client.read_head(), "Connection"), "close");
  upstream.send("done");
  EXPECT_EQ(client.read_until_close(), "done");
  proxy.join();
  EXPECT_EQ(proxy.all_rows().only().outcome(), "complete 200");
}

TEST(Shutdown, WhatDoesNotFinishInTimeIsCut) {
  Proxy proxy([](config::Options& options) { options.limits.shutdown_timeout = milliseconds(50); });
  Origin origin;
  Peer waiting = proxy.connect();
  waiting.send(get(origin.url("/waiting")));
  Peer for_waiting = origin.accept();
  for_waiting.read_head();
  Peer reading = proxy.connect();
  reading.send(get(origin.url("/reading")));
  Peer for_reading = origin.accept();
  for_reading.read_head();
  for_reading.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
  reading.read_to("part");
  Peer sending = proxy.connect();
  sending.send("POST " + origin.url("/s") +
               " HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\npart");
  Peer for_sending = origin.accept();
  for_sending.read_head();
  for_sending.expect("part");
  proxy.stop();
  proxy.join();
  for_waiting.expect_end();
  reading.expect_end();
  sending.expect_end();
  const LogRows rows = proxy.all_rows();
  ASSERT_EQ(rows.size(), 3u);
  for (const Row& row : rows) EXPECT_EQ(row.state, "aborted") << row.path << ": " << row.outcome();
  EXPECT_EQ(rows[1].response_body, "part");
  EXPECT_EQ(rows[2].request_body, "part");
}

TEST(Shutdown, AClientThatDoesNotReadIsCutToo) {
  Proxy proxy([](config::Options& options) {
    options.limits.shutdown_timeout = milliseconds(50);
    options.record = "heads";
  });
  Origin origin;
  Peer client = proxy.connect();
  client.set_receive_buffer(16 * 1024);
  client.send(get(origin.url("/large")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
  const std::string piece(256 * 1024, 'z');
  while (upstream.writable(milliseconds(300))) upstream.send_some(piece);
  proxy.stop();
  proxy.join();
  EXPECT_EQ(proxy.all_rows().only().state, "aborted");
}

TEST(Strict, TheRowIsCommittedBeforeTheLastByte) {
  Proxy proxy(strict);
  Origin origin;
  Peer client = proxy.connect();
  for (std::size_t i = 1; i <= 20; ++i) {
    client.send(get(origin.url("/")));
    Peer upstream = origin.accept();
    upstream.read_head();
    // The request is in the log before it is on its way.
    EXPECT_EQ(count_rows(proxy.database(), "open"), 1u);
    const std::string body(i % 2 == 0 ? 5 : 200'000, 'x');
    upstream.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body);
    client.read_head();
    EXPECT_EQ(client.read(body.size()), body);
    EXPECT_EQ(count_rows(proxy.database(), "complete"), i);
    EXPECT_EQ(count_rows(proxy.database(), "open"), 0u);
  }
}

TEST(Strict, ChunkedAndUntilCloseBodiesToo) {
  Proxy proxy(strict);
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  client.read_head();
  client.expect("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(count_rows(proxy.database(), "complete"), 1u);
  Peer old = proxy.connect();
  old.send("GET " + origin.url("/") + " HTTP/1.0\r\n\r\n");
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  old.read_head();
  EXPECT_EQ(old.read_until_close(), "abc");
  EXPECT_EQ(count_rows(proxy.database(), "complete"), 2u);
}

TEST(Strict, WhereverTheLastReadEnds) {
  Proxy proxy(strict);
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  std::size_t served = 0;
  for (std::size_t size = 64'000; size < 75'000; size += 500) {
    upstream.read_head();
    const std::string body(size, 'x');
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body);
    client.read_head();
    client.read(size);
    EXPECT_EQ(count_rows(proxy.database(), "complete"), ++served) << size;
    client.send(get(origin.url("/")));
  }
}

TEST(Strict, AnEarlyAnswerKeepsItsLastByteUntilTheRequestIsWhole) {
  Proxy proxy(strict);
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\npart");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.expect("part");
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  client.read_head();
  client.expect("o");
  EXPECT_EQ(count_rows(proxy.database(), "complete"), 0u);
  client.send("rest");
  client.expect("k");
  EXPECT_EQ(count_rows(proxy.database(), "complete"), 1u);
}

TEST(Strict, AFailureIsCommittedBeforeItsAnswer) {
  Proxy proxy(strict);
  Peer client = proxy.connect();
  client.send(get("http://127.0.0.1:" + std::to_string(refused_port()) + "/"));
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(count_rows(proxy.database(), "failed"), 1u);
}

TEST(Strict, AClientThatLeavesDuringTheCommitDoesNoHarm) {
  Proxy proxy(strict);
  Origin origin;
  constexpr std::size_t kRounds = 50;
  for (std::size_t i = 0; i < kRounds; ++i) {
    Peer client = proxy.connect();
    client.send(get(origin.url("/")));
    client.reset();
  }
  const LogRows rows = proxy.all_rows();
  EXPECT_LE(rows.size(), kRounds);
  for (const Row& row : rows) EXPECT_EQ(row.state, "aborted");
}

}  // namespace
}  // namespace tapedeck::test
