#include <gtest/gtest.h>
#include <set>
#include <thread>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string get(const std::string& url) { return "GET " + url + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

TEST(Limits, ConnectionsBeyondTheLimitWait) {
  Proxy proxy([](config::Options& options) { options.limits.max_connections = 1; });
  Origin origin;
  Peer first = proxy.connect();
  first.send(get(origin.url("/first")));
  Peer upstream = origin.accept();
  EXPECT_TRUE(upstream.read_head().starts_with("GET /first "));
  Peer second = proxy.connect();
  second.send(get(origin.url("/second")));
  upstream.send(kOk);
  first.read_head();
  first.expect("ok");
  // The second is served only once the first has gone, on the connection the first left.
  first.close();
  EXPECT_TRUE(upstream.read_head().starts_with("GET /second "));
  upstream.send(kOk);
  second.read_head();
  second.expect("ok");
  EXPECT_EQ(proxy.rows(2).size(), 2u);
}

TEST(Limits, IdleUpstreamConnectionsAreBounded) {
  Proxy proxy([](config::Options& options) { options.limits.upstream_idle_connections = 1; });
  Origin origin;
  Peer a = proxy.connect();
  Peer b = proxy.connect();
  a.send(get(origin.url("/a")));
  Peer for_a = origin.accept();
  for_a.read_head();
  b.send(get(origin.url("/b")));
  Peer for_b = origin.accept();
  for_b.read_head();
  for_a.send(kOk);
  a.read_head();
  a.expect("ok");
  for_b.send(kOk);
  b.read_head();
  b.expect("ok");
  for_b.expect_end();
  a.send(get(origin.url("/again")));
  EXPECT_TRUE(for_a.read_head().starts_with("GET /again "));
}

TEST(Limits, IdleUpstreamConnectionsExpire) {
  Proxy proxy(
      [](config::Options& options) { options.limits.upstream_idle_timeout = milliseconds(50); });
  Origin origin;
  Peer client = proxy.connect();
  client.send(get(origin.url("/")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send(kOk);
  client.read_head();
  client.expect("ok");
  EXPECT_EQ(upstream.read_until_close(), "");
}

TEST(Limits, AClientThatStopsReadingStopsTheOrigin) {
  Proxy proxy([](config::Options& options) { options.record = "heads"; });
  Origin origin;
  Peer client = proxy.connect();
  client.set_receive_buffer(16 * 1024);
  constexpr std::size_t kSize = 64u << 20;
  client.send(get(origin.url("/large")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
  const std::string piece(256 * 1024, 'z');
  std::size_t sent = 0;
  while (sent < kSize && upstream.writable(milliseconds(300))) sent += upstream.send_some(piece);
  EXPECT_LT(sent, kSize / 2) << "the proxy reads on although nobody takes the bytes";

  // It resumes where it stopped, and nothing is lost. With room: where the window is smaller than a
  // segment of loopback's, the kernel sends by its persist timer, five pieces a second.
  client.set_receive_buffer(4 << 20);
  std::thread rest([&] {
    while (sent < kSize) {
      const std::size_t part = std::min(piece.size(), kSize - sent);
      upstream.send(std::string_view(piece).substr(0, part));
      sent += part;
    }
  });
  client.read_head();
  for (std::size_t received = 0; received < kSize; received += piece.size()) {
    if (client.read(piece.size()) != piece) ADD_FAILURE() << "at " << received;
  }
  rest.join();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.response_size, static_cast<std::int64_t>(kSize));
}

TEST(Limits, AClientThatNeverReadsIsGivenUp) {
  Proxy proxy([](config::Options& options) {
    options.record = "heads";
    options.limits.body_idle_timeout = milliseconds(200);
  });
  Origin origin;
  Peer client = proxy.connect();
  client.set_receive_buffer(16 * 1024);
  client.send(get(origin.url("/large")));
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
  const std::string piece(256 * 1024, 'z');
  try {
    for (int i = 0; i < 380; ++i) upstream.send(piece);
    ADD_FAILURE() << "everything was read";
  } catch (const std::runtime_error&) {
    // The proxy closed.
  }
  const Row row = proxy.row();
  EXPECT_EQ(row.state, "aborted");
  EXPECT_EQ(row.error_stage, "respond");
}

TEST(Limits, AnOriginThatStopsReadingIsGivenUp) {
  Proxy proxy([](config::Options& options) {
    options.record = "heads";
    options.limits.body_idle_timeout = milliseconds(200);
  });
  Origin origin;
  Peer client = proxy.connect();
  client.send("PUT " + origin.url("/") +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  const std::string piece(256 * 1024, 'z');
  try {
    for (int i = 0; i < 380; ++i) client.send(piece);
    ADD_FAILURE() << "everything was read";
  } catch (const std::runtime_error&) {
  }
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 504 send connection_write_timeout");
}

TEST(Limits, TwoWorkersServeInParallel) {
  Proxy proxy([](config::Options& options) { options.threads = 2; });
  Origin origin;
  Peer a = proxy.connect();
  Peer b = proxy.connect();
  a.send(get(origin.url("/a")));
  Peer for_a = origin.accept();
  for_a.read_head();
  b.send(get(origin.url("/b")));
  Peer for_b = origin.accept();
  for_b.read_head();
  for_b.send(kOk);
  b.read_head();
  b.expect("ok");
  for_a.send(kOk);
  a.read_head();
  a.expect("ok");
  for (const Row& row : proxy.rows(2)) EXPECT_EQ(row.outcome(), "complete 200");
}

/// Every fourth fails in its own way; none is lost and none counted twice.
TEST(Limits, TwoThousandExchangesLeaveTwoThousandRows) {
  Proxy proxy([](config::Options& options) { options.threads = 2; });
  Origin origin;
  const std::string refused = "http://127.0.0.1:" + std::to_string(refused_port()) + "/";
  constexpr int kClients = 4;
  constexpr int kEach = 500;
  std::thread origin_side([&] {
    std::vector<std::thread> connections;
    while (true) {
      auto peer = std::make_shared<Peer>(origin.accept());
      const std::string first = peer->read_head();
      if (first.starts_with("GET /stop ")) break;
      connections.emplace_back([peer, first] {
        try {
          for (std::string head = first;; head = peer->read_head()) {
            if (head.starts_with("GET /cut ")) {
              peer->send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart");
              peer->close();
              return;
            }
            if (head.starts_with("POST ")) peer->expect("body");
            peer->send(kOk);
          }
        } catch (const std::runtime_error&) {
          // The proxy closed the connection.
        }
      });
    }
    for (std::thread& connection : connections) connection.join();
  });
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&] {
      Peer client = proxy.connect();
      for (int i = 0; i < kEach; ++i) {
        if (i % 8 == 3) {
          client.send(get(refused));
          const std::string head = client.read_head();
          client.read(std::stoul(field(head, "Content-Length")));
        } else if (i % 8 == 7) {
          client.send(get(origin.url("/cut")));
          client.expect_end();
          client = proxy.connect();
        } else if (i % 2 == 0) {
          client.send("POST " + origin.url("/") +
                      " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
          client.read_head();
          client.expect("ok");
        } else {
          client.send(get(origin.url("/")));
          client.read_head();
          client.expect("ok");
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const LogRows rows = proxy.all_rows();
  Peer last = Peer::connect(origin.port());
  last.send("GET /stop HTTP/1.1\r\n\r\n");
  origin_side.join();
  EXPECT_EQ(rows.size(), 2'000u);
  std::size_t complete = 0;
  std::size_t failed = 0;
  std::set<std::int64_t> starts;
  for (const Row& row : rows) {
    starts.insert(row.started_at);
    complete += row.state == "complete";
    failed += row.state == "failed";
  }
  EXPECT_EQ(complete, 1'500u);
  EXPECT_EQ(failed, 500u);
  EXPECT_EQ(starts.size(), 2'000u) << "an exchange is named by its start";
}

}  // namespace
}  // namespace tapedeck::test
