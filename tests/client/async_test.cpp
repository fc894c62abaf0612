#include <array>
#include <future>
#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "client/connection.hpp"
#include "tests/client/tls_dialogue.hpp"

/// The same with coroutines: what differs is only who waits.
namespace tapedeck::client {
namespace {

using test::field;

template <class T>
using Outcome = std::optional<Result<T>>;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

net::Awaitable<void> get(Connection& connection, std::string target,
                         Outcome<std::string>& outcome) {
  Body none;
  http::Fields fields;
  auto sent = co_await connection.request("GET", target, std::move(none), std::move(fields));
  if (!sent) {
    outcome = std::move(sent).error();
    co_return;
  }
  auto response = co_await connection.get_response();
  if (!response) {
    outcome = std::move(response).error();
    co_return;
  }
  outcome = co_await response->read();
}

net::Awaitable<void> get_twice(Connection& connection, Outcome<std::string>& first,
                               Outcome<std::string>& second) {
  std::string target = "/first";
  co_await get(connection, target, first);
  target = "/second";
  co_await get(connection, target, second);
}

net::Awaitable<void> post(Connection& connection, Body body, Outcome<int>& outcome) {
  http::Fields fields;
  auto sent = co_await connection.request("POST", "/", std::move(body), std::move(fields));
  if (!sent) {
    outcome = std::move(sent).error();
    co_return;
  }
  auto response = co_await connection.get_response();
  if (!response) {
    outcome = std::move(response).error();
    co_return;
  }
  outcome = response->status();
}

net::Awaitable<void> post_in_steps(Connection& connection, Outcome<int>& outcome) {
  connection.begin("POST", "/steps").value();
  connection.header("Transfer-Encoding", "chunked").value();
  auto step = co_await connection.end_headers();
  step.value();
  step = co_await connection.send("one");
  step.value();
  step = co_await connection.send("two");
  step.value();
  http::Fields trailers;
  trailers.add("X-Sum", "6");
  step = co_await connection.finish(std::move(trailers));
  step.value();
  auto response = co_await connection.get_response();
  outcome = response.value().status();
}

/// Every way to read, in turn.
net::Awaitable<void> read_in_pieces(Connection& connection, std::vector<std::string>& pieces) {
  Body none;
  http::Fields fields;
  auto sent = co_await connection.request("GET", "/", std::move(none), std::move(fields));
  sent.value();
  auto got = co_await connection.get_response();
  Response response = got.value();
  auto line = co_await response.read_line();
  pieces.push_back(line.value());
  auto view = co_await response.peek(2);
  pieces.emplace_back(view.value());
  view = co_await response.read_some(3);
  pieces.emplace_back(view.value());
  std::array<char, 2> room{};
  auto size = co_await response.read_into(room);
  pieces.emplace_back(room.data(), size.value());
  auto text = co_await response.read(1);
  pieces.push_back(text.value());
  text = co_await response.read();
  pieces.push_back(text.value());
}

net::Awaitable<void> hold(Connection& connection, Outcome<Response>& outcome) {
  Body none;
  http::Fields fields;
  auto sent = co_await connection.request("GET", "/", std::move(none), std::move(fields));
  sent.value();
  auto response = co_await connection.get_response();
  outcome = std::move(response);
}

net::Awaitable<void> read(Response response, Outcome<std::string>& outcome) {
  outcome = co_await response.read();
}

class ClientAsync : public testing::Test {
 protected:
  Connection connection(Options options = patient()) {
    return Connection::to(origin_.url(""), context_, watchdog_, std::move(options)).value();
  }

  void spawn(net::Awaitable<void> work) {
    asio::co_spawn(context_, std::move(work), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  }

  /// The loop in a thread of its own until all that was spawned is done.
  std::future<void> run() {
    return std::async(std::launch::async, [this] {
      context_.restart();
      context_.run();
    });
  }

  Origin origin_;
  asio::io_context context_{1};
  net::Watchdog watchdog_{context_};
};

TEST_F(ClientAsync, Get) {
  Connection client = connection();
  Outcome<std::string> outcome;
  spawn(get(client, "/x", outcome));
  auto running = run();
  Peer server = origin_.accept();
  EXPECT_EQ(server.read_head(), "GET /x HTTP/1.1\r\nHost: " + origin_.authority() +
                                    "\r\nAccept-Encoding: identity\r\n\r\n");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  server.send("dy");
  running.get();
  EXPECT_THAT(outcome.value(), Gives(std::string("body")));
  EXPECT_TRUE(client.is_open());
  EXPECT_EQ(client.peer_address(), origin_.authority());
}

TEST_F(ClientAsync, BadUrl) {
  EXPECT_THAT(Connection::to("ftp://example.test", context_, watchdog_),
              FailsWith(http::Error::unsupported_scheme));
}

TEST_F(ClientAsync, ConnectionIsKept) {
  Connection client = connection();
  Outcome<std::string> first;
  Outcome<std::string> second;
  spawn(get_twice(client, first, second));
  auto running = run();
  Peer server = origin_.accept();
  EXPECT_TRUE(server.read_head().starts_with("GET /first "));
  server.send(kOk);
  EXPECT_TRUE(server.read_head().starts_with("GET /second "));
  server.send(kOk);
  running.get();
  EXPECT_THAT(first.value(), Gives(std::string("ok")));
  EXPECT_THAT(second.value(), Gives(std::string("ok")));
  EXPECT_FALSE(origin_.has_connection());
}

TEST_F(ClientAsync, GetIsSentOnceMoreOnAStaleConnection) {
  Connection client = connection();
  Outcome<std::string> first;
  Outcome<std::string> second;
  spawn(get_twice(client, first, second));
  auto running = run();
  Peer server = origin_.accept();
  (void)server.read_head();
  server.send(kOk);
  (void)server.read_head();
  server.close();
  server = origin_.accept();
  EXPECT_TRUE(server.read_head().starts_with("GET /second "));
  server.send(kOk);
  running.get();
  EXPECT_THAT(second.value(), Gives(std::string("ok")));
}

TEST_F(ClientAsync, TwoConnectionsInOneLoop) {
  Connection one = connection();
  Connection two = connection();
  Outcome<std::string> of_one;
  Outcome<std::string> of_two;
  spawn(get(one, "/", of_one));
  spawn(get(two, "/", of_two));
  auto running = run();
  // Both are waiting before either is answered.
  Peer first = origin_.accept();
  Peer second = origin_.accept();
  (void)first.read_head();
  (void)second.read_head();
  second.send(kOk);
  first.send(kOk);
  running.get();
  EXPECT_THAT(of_one.value(), Gives(std::string("ok")));
  EXPECT_THAT(of_two.value(), Gives(std::string("ok")));
}

TEST_F(ClientAsync, LargeStreamedPost) {
  Connection client = connection();
  Outcome<int> outcome;
  const std::string piece(1 << 20, 'x');
  spawn(post(client, Body::generated([&piece, left = 8]() mutable {
               return left-- > 0 ? std::optional(piece) : std::nullopt;
             }),
             outcome));
  auto running = run();
  Peer server = origin_.accept();
  EXPECT_EQ(field(server.read_head(), "Transfer-Encoding"), "chunked");
  for (int i = 0; i < 8; ++i) {
    server.expect("100000\r\n");
    EXPECT_EQ(server.read(piece.size()), piece);
    server.expect("\r\n");
  }
  server.expect("0\r\n\r\n");
  server.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  running.get();
  EXPECT_THAT(outcome.value(), Gives(201));
}

TEST_F(ClientAsync, EarlyErrorStopsTheBody) {
  Connection client = connection();
  Outcome<int> outcome;
  int given = 0;
  spawn(post(client, Body::generated([&given]() -> std::optional<std::string> {
               if (++given > 1'000) return std::nullopt;
               return std::string(1 << 20, 'x');
             }),
             outcome));
  auto running = run();
  Peer server = origin_.accept();
  (void)server.read_head();
  server.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  running.get();
  EXPECT_THAT(outcome.value(), Gives(413));
  EXPECT_LT(given, 1'000);
}

TEST_F(ClientAsync, Stepwise) {
  Connection client = connection();
  Outcome<int> outcome;
  spawn(post_in_steps(client, outcome));
  auto running = run();
  Peer server = origin_.accept();
  EXPECT_TRUE(server.read_head().starts_with("POST /steps "));
  server.expect("3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n");
  server.send("HTTP/1.1 204 No Content\r\n\r\n");
  running.get();
  EXPECT_THAT(outcome.value(), Gives(204));
}

TEST_F(ClientAsync, ReadsInPieces) {
  Connection client = connection();
  std::vector<std::string> pieces;
  spawn(read_in_pieces(client, pieces));
  auto running = run();
  Peer server = origin_.accept();
  (void)server.read_head();
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nline\nabcdefghi");
  running.get();
  EXPECT_THAT(pieces, ElementsAre("line\n", "ab", "abc", "de", "f", "ghi"));
}

TEST_F(ClientAsync, BodyThatStops) {
  Options options = patient();
  options.timeouts.body = std::chrono::milliseconds{200};
  Connection client = connection(options);
  Outcome<std::string> outcome;
  spawn(get(client, "/", outcome));
  auto running = run();
  Peer server = origin_.accept();
  (void)server.read_head();
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  running.get();
  EXPECT_THAT(outcome.value(), FailsAt(Stage::receive, Condition::timeout));
  EXPECT_FALSE(client.is_open());
}

TEST_F(ClientAsync, HeadThatDoesNotCome) {
  Options options = patient();
  options.timeouts.head = std::chrono::milliseconds{200};
  Connection client = connection(options);
  Outcome<std::string> outcome;
  spawn(get(client, "/", outcome));
  run().get();
  EXPECT_THAT(outcome.value(), FailsAt(Stage::wait, Condition::timeout));
}

TEST_F(ClientAsync, TotalTime) {
  Options options = patient();
  options.timeouts.total = std::chrono::milliseconds{200};
  Connection client = connection(options);
  Outcome<std::string> outcome;
  spawn(get(client, "/", outcome));
  auto running = run();
  Peer server = origin_.accept();
  (void)server.read_head();
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
  running.get();
  EXPECT_THAT(outcome.value(), FailsAt(Stage::receive, Condition::timeout));
}

TEST_F(ClientAsync, ResponseOutlivesItsConnection) {
  Outcome<Response> held;
  {
    Connection client = connection();
    spawn(hold(client, held));
    auto running = run();
    Peer server = origin_.accept();
    (void)server.read_head();
    server.send(kOk);
    running.get();
  }
  ASSERT_THAT(held.value(), Succeeds());
  EXPECT_EQ((*held)->status(), 200);
  Outcome<std::string> outcome;
  spawn(read(**held, outcome));
  run().get();
  EXPECT_THAT(outcome.value(), FailsAt(Stage::receive, Error::response_gone));
}

TEST_F(ClientAsync, OverTls) {
  const TestCa ca;
  const ScratchFile ca_file(ca.certificate_pem());
  const TlsServer tls({.credential = ca.issue()});
  Options options = patient();
  options.tls = context_of(trust_only(ca_file));
  Connection client =
      Connection::to("https://" + origin_.authority(), context_, watchdog_, options).value();
  Outcome<std::string> first;
  Outcome<std::string> second;
  spawn(get_twice(client, first, second));
  auto running = run();
  Peer server = origin_.accept();
  server.start_tls(tls);
  const std::string body(1'000'000, 'x');
  (void)server.read_head();
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + body);
  (void)server.read_head();
  server.send(kOk);
  running.get();
  EXPECT_THAT(first.value(), Gives(body));
  EXPECT_THAT(second.value(), Gives(std::string("ok")));
  EXPECT_TRUE(client.tls()->verified);
}

}  // namespace
}  // namespace tapedeck::client
