#include <gtest/gtest.h>
#include <thread>

#include "storage/sqlite.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

/// "OFFSET,OFFSET,..." of the arrivals in the log.
std::string arrivals(const Proxy& proxy) {
  storage::Database log(proxy.database(), storage::Database::Access::read_only);
  auto rows = log.prepare("SELECT group_concat(offset) FROM stream_event");
  return rows.step() ? std::string(rows.text(0)) : "";
}

/// Two arrivals are told apart by the clock: lets it go on.
void let_the_clock_go_on() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
  while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
}

TEST(Stream, EachEventLeavesAsItComesAndItsTimeIsKept) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/events") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 27\r\n\r\n");
  (void)client.read_head();
  for (const std::string event : {"data: 0\n\n", "data: 1\n\n", "data: 2\n\n"}) {
    let_the_clock_go_on();
    upstream.send(event);
    client.expect(event);
  }
  EXPECT_EQ(proxy.row().response_body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
  EXPECT_EQ(arrivals(proxy), "0,9,18");
}

TEST(Stream, ABodyThatCameWithItsHeadHasNoArrivals) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  (void)client.read_head();
  client.expect("ok");
  (void)proxy.row();
  EXPECT_EQ(arrivals(proxy), "");
}

TEST(Stream, TheRowGrowsWhileItLasts) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/events") + " HTTP/1.1\r\nHost: x\r\n\r\n");
  Peer upstream = origin.accept();
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
  (void)client.read_head();
  std::string sent;
  for (const std::string event : {"data: 0\n\n", "data: 1\n\n"}) {
    upstream.send(event);
    sent += event;
    const Row row = LogRows::await_open(
        proxy.database(), [&](const Row& open) { return open.response_body == sent; });
    EXPECT_EQ(row.outcome(), "open 200");
    EXPECT_EQ(row.response_size, static_cast<std::int64_t>(sent.size()));
  }
  upstream.close();
  EXPECT_EQ(proxy.row().response_body, sent);
}

}  // namespace
}  // namespace tapedeck::test
