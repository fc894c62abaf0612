#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "client/connection_pool.hpp"
#include "client/net/dialer.hpp"
#include "client/net/error.hpp"
#include "client/net/one_shot.hpp"
#include "tests/support/origin.hpp"

namespace tapedeck {
namespace {

using std::chrono::milliseconds;

net::Awaitable<void> dial_into(std::optional<Result<net::Dialed>>& out, std::string host,
                               std::uint16_t port, net::DialOptions timeouts,
                               net::Watchdog& watchdog, net::Executor executor) {
  out.emplace(co_await net::dial(std::move(host), port, timeouts, watchdog, executor));
}

/// Runs one dial to its end.
Result<net::Dialed> dial(asio::io_context& context, net::Watchdog& watchdog,
                         const std::string& host, std::uint16_t port) {
  std::optional<Result<net::Dialed>> outcome;
  asio::co_spawn(context.get_executor(),
                 dial_into(outcome, host, port, {}, watchdog, context.get_executor()),
                 asio::detached);
  while (!outcome) context.run_one();
  return *std::move(outcome);
}

TEST(Dialer, InterleavesFamilies) {
  const auto at = [](const char* address) {
    return net::Endpoint(asio::ip::make_address(address), 80);
  };
  EXPECT_TRUE(net::interleave({}).empty());
  EXPECT_EQ(net::interleave({at("::1"), at("::2"), at("1.1.1.1"), at("::3")}),
            (std::vector{at("::1"), at("1.1.1.1"), at("::2"), at("::3")}));
  EXPECT_EQ(net::interleave({at("1.1.1.1"), at("2.2.2.2"), at("::1")}),
            (std::vector{at("1.1.1.1"), at("::1"), at("2.2.2.2")}));
}

TEST(Dialer, ALiteralNeedsNoLookup) {
  asio::io_context context(1);
  net::Watchdog watchdog(context);
  test::Origin origin("127.0.0.2");
  const auto dialed = dial(context, watchdog, "127.0.0.2", origin.port());
  ASSERT_TRUE(dialed);
  EXPECT_EQ(dialed->address, origin.authority());
  EXPECT_FALSE(dialed->dns_us);
}

TEST(Dialer, TheNextAddressIsTriedWhenOneRefuses) {
  asio::io_context context(1);
  net::Watchdog watchdog(context);
  // "localhost" is ::1 and 127.0.0.1 where there is IPv6; only the latter listens.
  test::Origin origin;
  const auto dialed = dial(context, watchdog, "localhost", origin.port());
  ASSERT_TRUE(dialed) << dialed.error().to_string();
  EXPECT_EQ(dialed->address, origin.authority());
  EXPECT_TRUE(dialed->dns_us);
}

TEST(Dialer, SaysWhatFailed) {
  asio::io_context context(1);
  net::Watchdog watchdog(context);
  const auto refused = dial(context, watchdog, "127.0.0.1", test::refused_port());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().stage, Stage::connect);
  EXPECT_EQ(refused.error().code, std::errc::connection_refused);
  const auto unknown = dial(context, watchdog, "nonesuch.invalid", 80);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().stage, Stage::resolve);
}

TEST(Watchdog, ExpiresOnceAndOnlyWhenArmed) {
  asio::io_context context(1);
  net::Watchdog watchdog(context);
  int expired = 0;
  int never = 0;
  net::Deadline one(watchdog, [&] { ++expired; });
  net::Deadline other(watchdog, [&] { ++never; });
  one.arm(milliseconds(1));
  other.arm(milliseconds(1));
  other.disarm();
  context.run();  // ends by itself: an idle watchdog does not tick
  EXPECT_EQ(expired, 1);
  EXPECT_EQ(never, 0);
  EXPECT_TRUE(one.expired());
  EXPECT_FALSE(other.expired());
  one.arm(milliseconds(1));
  EXPECT_FALSE(one.expired());
  context.restart();
  context.run();
  EXPECT_EQ(expired, 2);
}

TEST(Watchdog, ADeadlineMayDestroyOthersWhenItExpires) {
  asio::io_context context(1);
  net::Watchdog watchdog(context);
  std::vector<std::unique_ptr<net::Deadline>> others;
  int expired = 0;
  const auto count = [&] { ++expired; };
  others.push_back(std::make_unique<net::Deadline>(watchdog, count));
  others.push_back(std::make_unique<net::Deadline>(watchdog, count));
  // Looked over first, being the latest made.
  net::Deadline killer(watchdog, [&] { others.clear(); });
  for (const auto& other : others) other->arm(milliseconds(1));
  killer.arm(milliseconds(1));
  context.run();
  EXPECT_TRUE(killer.expired());
  EXPECT_EQ(expired, 0);
}

net::Awaitable<void> take_into(net::OneShot<int>& shot, std::vector<int>& out) {
  const int first = co_await shot.take();
  out.push_back(first);
  const int second = co_await shot.take();
  out.push_back(second);
}

TEST(OneShot, DeliversBeforeAndAfterTheWait) {
  asio::io_context context(1);
  net::OneShot<int> shot;
  std::vector<int> taken;
  EXPECT_TRUE(shot.deliver(1));
  EXPECT_FALSE(shot.deliver(9));
  EXPECT_TRUE(shot.ready());
  asio::co_spawn(context.get_executor(), take_into(shot, taken), asio::detached);
  context.poll();
  EXPECT_EQ(taken, std::vector{1});
  EXPECT_TRUE(shot.deliver(2));
  context.restart();
  context.poll();
  EXPECT_EQ(taken, (std::vector{1, 2}));
}

class PoolTest : public testing::Test {
 protected:
  /// A connection that has just had an exchange, as the forwarder hands it over.
  std::unique_ptr<client::PooledConnection> used(std::string_view surplus = "") {
    auto dialed = dial(context_, watchdog_, "127.0.0.1", listening_.port());
    auto connection = std::make_unique<client::PooledConnection>(std::move(dialed->stream),
                                                                 http::Limits{}, watchdog_);
    peers_.push_back(listening_.accept());
    http::RequestHead head;
    head.method = "GET";
    head.target = "/";
    head.fields.add("Host", "x");
    std::string out;
    EXPECT_TRUE(connection->http.send_request(head, http::Framing::none(), out));
    EXPECT_TRUE(connection->http.send_end({}, out));
    const std::string response = "HTTP/1.1 204 No Content\r\n\r\n" + std::string(surplus);
    const auto room = connection->http.prepare(response.size());
    std::copy(response.begin(), response.end(), room.begin());
    connection->http.commit(response.size());
    EXPECT_TRUE(connection->http.next_event());
    EXPECT_TRUE(connection->http.next_event());
    return connection;
  }

  asio::io_context context_{1};
  net::Watchdog watchdog_{context_};
  test::Origin listening_;
  std::vector<test::Peer> peers_;
  http::Origin origin_{"http", "127.0.0.1", 80};
};

TEST_F(PoolTest, LastInFirstOutAndBounded) {
  client::ConnectionPool pool(watchdog_, {.max_idle_per_origin = 2});
  std::vector<client::PooledConnection*> raw;
  for (int i = 0; i < 3; ++i) {
    auto connection = used();
    raw.push_back(connection.get());
    pool.put(origin_, std::move(connection));
  }
  EXPECT_EQ(pool.idle_count(), 2u);
  EXPECT_EQ(pool.take({"http", "127.0.0.1", 81}), nullptr);
  const auto first = pool.take(origin_);
  EXPECT_EQ(first.get(), raw[1]);
  EXPECT_TRUE(first->reused);
  EXPECT_EQ(pool.take(origin_).get(), raw[0]);
  EXPECT_EQ(pool.take(origin_), nullptr);
}

TEST_F(PoolTest, SurplusBytesMakeAConnectionUseless) {
  client::ConnectionPool pool(watchdog_, {});
  pool.put(origin_, used("H"));
  EXPECT_EQ(pool.idle_count(), 0u);
}

TEST_F(PoolTest, ClosedAndTalkativeConnectionsAreNotTaken) {
  client::ConnectionPool pool(watchdog_, {});
  pool.put(origin_, used());
  pool.put(origin_, used());
  peers_[0].close();
  peers_[1].send("H");
  EXPECT_EQ(pool.take(origin_), nullptr);
  EXPECT_EQ(pool.idle_count(), 0u);
}

TEST_F(PoolTest, IdleConnectionsExpire) {
  client::ConnectionPool pool(watchdog_, {.idle_timeout = milliseconds(1)});
  pool.put(origin_, used());
  context_.restart();
  context_.run();  // ends once the pool is empty and the watchdog sleeps
  EXPECT_EQ(pool.idle_count(), 0u);
  peers_[0].expect_end();
}

}  // namespace
}  // namespace tapedeck
