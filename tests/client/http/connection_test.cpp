#include "client/http/connection.hpp"

#include <cstring>
#include <gtest/gtest.h>

#include "client/http/error.hpp"
#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

using Kind = Connection::EventKind;

void put(Connection& connection, std::string_view bytes) {
  const auto room = connection.prepare(bytes.size());
  ASSERT_GE(room.size(), bytes.size());
  std::memcpy(room.data(), bytes.data(), bytes.size());
  connection.commit(bytes.size());
}

Kind next(Connection& connection) {
  auto event = connection.next_event();
  EXPECT_TRUE(event) << event.error().to_string();
  return event ? event->kind : Kind::closed;
}

std::string_view next_error(Connection& connection) {
  auto event = connection.next_event();
  EXPECT_FALSE(event);
  return event ? "none" : error_name(event.error().code);
}

RequestHead request(std::string method = "GET", std::string target = "/") {
  return {.method = std::move(method), .target = std::move(target), .fields = {{"Host", "a"}}};
}

/// A server that has read one whole request.
Connection after_request(std::string_view wire) {
  Connection server(Role::server);
  put(server, wire);
  EXPECT_EQ(next(server), Kind::request);
  EXPECT_EQ(next(server), Kind::end_of_message);
  return server;
}

Connection after_get() { return after_request("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); }

std::string sent(Connection& server, const ResponseHead& head, Framing framing) {
  std::string out;
  auto ok = server.send_response(head, framing, out);
  EXPECT_TRUE(ok) << ok.error().to_string();
  return out;
}

TEST(Connection, ServesOneCycleAfterAnother) {
  Connection client(Role::client);
  Connection server(Role::server);
  for (int cycle = 0; cycle < 3; ++cycle) {
    std::string up;
    ASSERT_TRUE(client.send_request(request("POST"), Framing::of_length(2), up));
    ASSERT_TRUE(client.send_data(2));
    ASSERT_TRUE(client.send_end({}, up += "hi"));
    put(server, up);
    EXPECT_EQ(next(server), Kind::request);
    EXPECT_EQ(next(server), Kind::data);
    EXPECT_EQ(server.received_body(), 2u);
    EXPECT_EQ(next(server), Kind::end_of_message);
    EXPECT_EQ(next(server), Kind::need_data);
    std::string down;
    ASSERT_TRUE(server.send_response({.status = 103}, Framing::none(), down));
    ASSERT_TRUE(server.send_response({.status = 204}, Framing::none(), down));
    ASSERT_TRUE(server.send_end({}, down));
    put(client, down);
    EXPECT_EQ(next(client), Kind::interim_response);
    EXPECT_EQ(next(client), Kind::response);
    EXPECT_EQ(client.response().status, 204);
    EXPECT_EQ(next(client), Kind::end_of_message);
    ASSERT_TRUE(server.start_next_cycle());
    ASSERT_TRUE(client.start_next_cycle());
    EXPECT_EQ(server.received_body(), 0u);
    EXPECT_FALSE(server.head_started());
    EXPECT_FALSE(client.head_started());
  }
}

TEST(Connection, BytesAfterAResponseEndAClientsConnection) {
  // RFC 9112 section 6.3: they must never become the response to another request.
  Connection client(Role::client);
  std::string out;
  ASSERT_TRUE(client.send_request(request(), Framing::none(), out));
  ASSERT_TRUE(client.send_end({}, out));
  put(client, "HTTP/1.1 204 N\r\n\r\nHTTP/1.1 200 Evil\r\n\r\n");
  EXPECT_EQ(next(client), Kind::response);
  EXPECT_EQ(next(client), Kind::end_of_message);
  EXPECT_EQ(next(client), Kind::paused);
  EXPECT_FALSE(client.start_next_cycle());
}

TEST(Connection, EndOfFileAfterAResponseEndsAClientsConnection) {
  Connection client(Role::client);
  std::string out;
  ASSERT_TRUE(client.send_request(request(), Framing::none(), out));
  ASSERT_TRUE(client.send_end({}, out));
  put(client, "HTTP/1.1 204 N\r\n\r\n");
  client.commit_eof();
  EXPECT_EQ(next(client), Kind::response);
  EXPECT_EQ(next(client), Kind::end_of_message);
  EXPECT_FALSE(client.start_next_cycle());
}

TEST(Connection, DataWhileIdleIsNoResponse) {
  // RFC 9112 section 9.2.
  Connection client(Role::client);
  EXPECT_EQ(next(client), Kind::need_data);
  put(client, "HTTP/1.1 408 Timeout\r\n\r\n");
  std::string out;
  auto ok = client.send_request(request(), Framing::none(), out);
  ASSERT_FALSE(ok);
  EXPECT_EQ(error_name(ok.error().code), "unexpected_data");
  EXPECT_EQ(out, "");
  EXPECT_EQ(next_error(client), "unexpected_data");
}

TEST(Connection, EndOfFileWhileIdleCloses) {
  for (const Role role : {Role::client, Role::server}) {
    Connection connection(role);
    connection.commit_eof();
    EXPECT_EQ(next(connection), Kind::closed);
    EXPECT_EQ(connection.their_state(), State::closed);
    EXPECT_EQ(next(connection), Kind::closed);
  }
}

TEST(Connection, EmptyLinesAreNoRequest) {
  Connection server(Role::server);
  put(server, "\r\n");
  EXPECT_EQ(next(server), Kind::need_data);
  EXPECT_FALSE(server.head_started());
  server.commit_eof();
  EXPECT_EQ(next(server), Kind::closed);
  EXPECT_EQ(next(server), Kind::closed);
}

TEST(Connection, TellsWhenAHeadHasStarted) {
  Connection server(Role::server);
  EXPECT_FALSE(server.head_started());
  put(server, "G");
  EXPECT_EQ(next(server), Kind::need_data);
  EXPECT_TRUE(server.head_started());
}

TEST(Connection, NothingIsReadAfterAnError) {
  Connection server(Role::server);
  put(server, "GET / HTTP/1.1\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(next_error(server), "bare_lf");
  EXPECT_EQ(next_error(server), "not_allowed_now");
  EXPECT_EQ(sent(server, {.status = 400, .reason = "Bad Request"}, Framing::of_length(0)),
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  std::string out;
  ASSERT_TRUE(server.send_end({}, out));
  EXPECT_EQ(server.our_state(), State::must_close);
  EXPECT_FALSE(server.start_next_cycle());
}

TEST(Connection, KeepsThePartOfAHeadBeforeAFault) {
  Connection server(Role::server);
  put(server, "GET /x HTTP/1.1\r\nHost: a\r\nbad\r\n");
  EXPECT_EQ(next_error(server), "bad_field_name");
  EXPECT_EQ(server.request().target, "/x");
  EXPECT_EQ(server.request().fields.size(), 1u);
}

TEST(Connection, AResponseToNoRequestCloses) {
  Connection server(Role::server);
  sent(server, {.status = 408}, Framing::of_length(0));
  std::string out;
  ASSERT_TRUE(server.send_end({}, out));
  EXPECT_EQ(server.our_state(), State::must_close);
}

TEST(Connection, MayAnswerBeforeTheRequestEnds) {
  Connection server(Role::server);
  put(server, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  EXPECT_EQ(next(server), Kind::request);
  sent(server, {.status = 413}, Framing::of_length(0));
  std::string out;
  ASSERT_TRUE(server.send_end({}, out));
  EXPECT_FALSE(server.start_next_cycle());
  EXPECT_EQ(next(server), Kind::data);
  put(server, "llo");
  EXPECT_EQ(next(server), Kind::data);
  EXPECT_EQ(next(server), Kind::end_of_message);
  EXPECT_TRUE(server.start_next_cycle());
}

// What a response may carry depends on what it answers.

TEST(ConnectionResponse, ToHeadAnnouncesAndCarriesNothing) {
  for (const Framing framing : {Framing::of_length(5), Framing::chunked()}) {
    Connection server = after_request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string out = sent(server, {.status = 200}, framing);
    EXPECT_NE(out.find(framing.kind == Framing::Kind::chunked ? "Transfer-Encoding: chunked\r\n"
                                                              : "Content-Length: 5\r\n"),
              std::string::npos);
    const std::string head = out;
    EXPECT_FALSE(server.send_data(1));
    ASSERT_TRUE(server.send_end({{"T", "v"}}, out));
    EXPECT_EQ(out, head);
    EXPECT_TRUE(server.start_next_cycle());
  }
}

TEST(ConnectionResponse, ToHeadKeepsTheLengthOfItsHead) {
  Connection server = after_request("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(sent(server, {.status = 200, .fields = {{"Content-Length", "7"}}}, Framing::none()),
            "HTTP/1.1 200 \r\nContent-Length: 7\r\n\r\n");
}

TEST(ConnectionResponse, WithoutAFramingHasLengthZero) {
  Connection server = after_get();
  EXPECT_EQ(sent(server, {.status = 200, .fields = {{"Content-Length", "7"}}}, Framing::none()),
            "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n");
}

TEST(ConnectionResponse, OfStatus204And1xxHasNoFramingFields) {
  // RFC 9110 section 8.6, RFC 9112 section 6.1.
  for (const int status : {103, 204}) {
    for (const Framing framing : {Framing::none(), Framing::of_length(0), Framing::chunked()}) {
      Connection server = after_get();
      EXPECT_EQ(sent(server, {.status = status, .fields = {{"Content-Length", "7"}}}, framing),
                "HTTP/1.1 " + std::to_string(status) + " \r\n\r\n");
      EXPECT_FALSE(server.send_data(1));
    }
  }
}

TEST(ConnectionResponse, OfStatus304MayAnnounce) {
  Connection server = after_get();
  std::string out = sent(server, {.status = 304}, Framing::of_length(9));
  EXPECT_EQ(out, "HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n");
  EXPECT_TRUE(server.send_end({}, out));
  EXPECT_TRUE(server.start_next_cycle());
}

TEST(ConnectionResponse, ToConnectHasNoFramingFields) {
  Connection server = after_request("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(server.their_state(), State::might_switch);
  EXPECT_EQ(
      sent(server, {.status = 200, .fields = {{"Content-Length", "0"}, {"Transfer-Encoding", "x"}}},
           Framing::of_length(0)),
      "HTTP/1.1 200 \r\n\r\n");
  EXPECT_EQ(server.our_state(), State::switched);
  EXPECT_EQ(server.their_state(), State::switched);
  EXPECT_FALSE(server.start_next_cycle());
}

TEST(ConnectionResponse, SwitchesOnlyWhatOffered) {
  std::string out;
  Connection plain = after_get();
  EXPECT_FALSE(plain.send_response({.status = 101}, Framing::none(), out));
  Connection tunnel = after_request("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_FALSE(tunnel.send_response({.status = 101}, Framing::none(), out));
  // RFC 9110 section 7.8: Upgrade in HTTP/1.0 is ignored.
  Connection old = after_request("GET / HTTP/1.0\r\nUpgrade: x\r\n\r\n");
  EXPECT_FALSE(old.send_response({.status = 101}, Framing::none(), out));
  EXPECT_EQ(out, "");
  Connection willing = after_request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n");
  EXPECT_TRUE(willing.send_response({.status = 101}, Framing::none(), out));
  EXPECT_EQ(willing.our_state(), State::switched);
}

TEST(ConnectionResponse, SwitchesAClientThatHalfClosed) {
  Connection server = after_request("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
  server.commit_eof();
  EXPECT_EQ(next(server), Kind::closed);
  sent(server, {.status = 200}, Framing::none());
  EXPECT_EQ(server.our_state(), State::switched);
}

TEST(ConnectionResponse, ToHttp10IsNeitherChunkedNorInterim) {
  // RFC 9112 section 6.1, RFC 9110 section 15.2.
  Connection server = after_request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(sent(server, {.status = 100}, Framing::none()), "");
  std::string out = sent(server, {.status = 200}, Framing::chunked());
  EXPECT_EQ(out, "HTTP/1.1 200 \r\n\r\n");
  auto frame = server.send_data(5);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->before, "");
  EXPECT_EQ(frame->after, "");
  ASSERT_TRUE(server.send_end({{"T", "v"}}, out = ""));
  EXPECT_EQ(out, "");
  EXPECT_EQ(server.our_state(), State::must_close);
}

TEST(ConnectionResponse, ClosesWhenItSaysSo) {
  for (const ResponseHead& head : {ResponseHead{.status = 200, .fields = {{"Connection", "close"}}},
                                   ResponseHead{.version = kHttp10, .status = 200}}) {
    Connection server = after_get();
    std::string out = sent(server, head, Framing::of_length(0));
    ASSERT_TRUE(server.send_end({}, out));
    EXPECT_EQ(server.our_state(), State::must_close);
  }
}

// Misuse is refused, and nothing is written.

TEST(ConnectionMisuse, AppendsNothing) {
  std::string out = "before";
  Connection client(Role::client);
  EXPECT_FALSE(client.send_response({.status = 200}, Framing::none(), out));
  EXPECT_FALSE(client.send_data(1));
  EXPECT_FALSE(client.send_end({}, out));
  EXPECT_FALSE(client.send_request(request(), Framing::until_close(), out));
  EXPECT_FALSE(client.send_request(request("CONNECT", "a:1"), Framing::of_length(1), out));
  EXPECT_FALSE(client.send_request(request("CONNECT", "a:1"), Framing::chunked(), out));
  RequestHead old = request();
  old.version = kHttp10;
  EXPECT_FALSE(client.send_request(old, Framing::chunked(), out));
  EXPECT_EQ(client.our_state(), State::idle);
  EXPECT_EQ(out, "before");
  Connection server(Role::server);
  EXPECT_FALSE(server.send_request(request(), Framing::none(), out));
  EXPECT_FALSE(server.send_response({.status = 100}, Framing::none(), out));
  EXPECT_EQ(out, "before");
}

TEST(ConnectionMisuse, OfALengthIsRefused) {
  Connection client(Role::client);
  std::string out;
  ASSERT_TRUE(client.send_request(request("PUT"), Framing::of_length(3), out));
  EXPECT_FALSE(client.send_request(request(), Framing::none(), out));
  auto too_long = client.send_data(4);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(error_name(too_long.error().code), "body_longer_than_declared");
  ASSERT_TRUE(client.send_data(2));
  auto too_short = client.send_end({}, out);
  ASSERT_FALSE(too_short);
  EXPECT_EQ(error_name(too_short.error().code), "body_shorter_than_declared");
  ASSERT_TRUE(client.send_data(1));
  ASSERT_TRUE(client.send_data(0));
  EXPECT_TRUE(client.send_end({}, out));
  EXPECT_FALSE(client.send_data(0));
}

TEST(ConnectionMisuse, AnEmptyChunkDoesNotEndABody) {
  Connection client(Role::client);
  std::string out;
  ASSERT_TRUE(client.send_request(request("PUT"), Framing::chunked(), out));
  auto frame = client.send_data(0);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->before, "");
  EXPECT_EQ(frame->after, "");
  frame = client.send_data(0x1f);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->before, "1f\r\n");
  EXPECT_EQ(frame->after, "\r\n");
}

TEST(Connection, GivesItsBufferBackWhileIdle) {
  Connection server = after_get();
  server.release_buffer();
  EXPECT_FALSE(server.has_leftover());
  put(server, "x");
  server.release_buffer();
  EXPECT_EQ(server.take_leftover(), "x");
}

TEST(Connection, CloseInARequestOfOursEndsTheConnection) {
  Connection client(Role::client);
  RequestHead head = request();
  head.fields.add("Connection", "close");
  std::string out;
  ASSERT_TRUE(client.send_request(head, Framing::none(), out));
  ASSERT_TRUE(client.send_end({}, out));
  EXPECT_EQ(client.our_state(), State::must_close);
  put(client, "HTTP/1.1 204 N\r\n\r\n");
  EXPECT_EQ(next(client), Kind::response);
  EXPECT_EQ(next(client), Kind::end_of_message);
  EXPECT_FALSE(client.keep_alive());
  EXPECT_FALSE(client.start_next_cycle());
}

}  // namespace
}  // namespace tapedeck::http::testing
