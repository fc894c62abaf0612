// What one Connection writes, the other role reads back the same, at every framing and split.

#include <algorithm>
#include <gtest/gtest.h>

#include "client/http/error.hpp"
#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

const std::vector<std::vector<std::string>> kBodies = {
    {}, {"x"}, {"hello", " ", "world"}, {"0\r\n\r\n"}, {std::string(5000, 'b'), "tail"}};

std::string write_body(Connection& connection, const std::vector<std::string>& pieces,
                       const Fields& trailers) {
  std::string out;
  for (const std::string& piece : pieces) {
    auto frame = connection.send_data(piece.size());
    EXPECT_TRUE(frame);
    if (!frame) return out;
    out.append(frame->before).append(piece).append(frame->after);
  }
  EXPECT_TRUE(connection.send_end(trailers, out));
  return out;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string whole;
  for (const std::string& piece : pieces) whole += piece;
  return whole;
}

std::vector<Framing> framings(std::size_t size, bool response) {
  std::vector<Framing> all = {Framing::of_length(size), Framing::chunked()};
  if (response) all.push_back(Framing::until_close());
  return all;
}

std::string after_head(const std::string& body, Framing framing, const Fields& trailers) {
  std::string events;
  if (!body.empty()) events.append(" | data ").append(quote(body));
  if (framing.kind == Framing::Kind::until_close) return events;
  events += " | end";
  if (framing.kind == Framing::Kind::chunked && !trailers.empty())
    events.append(" ").append(show(trailers));
  return events;
}

void add_framing_field(Fields& fields, Framing framing) {
  if (framing.kind == Framing::Kind::length) {
    fields.add("Content-Length", std::to_string(framing.length));
  } else if (framing.kind == Framing::Kind::chunked) {
    fields.add("Transfer-Encoding", "chunked");
  }
}

TEST(RoundTrip, Requests) {
  const std::vector<RequestHead> heads = {
      {.method = "GET", .target = "/", .fields = {{"Host", "a"}}},
      {.method = "POST", .target = "/a?b=%00", .fields = {{"Host", ""}, {"x", ""}, {"X", "y\tz"}}},
      {.method = "OPTIONS", .target = "*", .fields = {{"Host", "[::1]:8"}, {"B", "\xff"}}},
      {.method = "PUT", .target = "http://h/\xc3\xa9", .fields = {{"Host", "h"}}}};
  for (const RequestHead& head : heads) {
    for (const auto& pieces : kBodies) {
      for (const Framing framing : framings(joined(pieces).size(), false)) {
        for (const Fields& trailers : {Fields{}, Fields{{"T", "v"}, {"U", ""}}}) {
          Connection client(Role::client);
          std::string wire;
          ASSERT_TRUE(client.send_request(head, framing, wire));
          wire += write_body(client, pieces, trailers);
          RequestHead read = head;
          add_framing_field(read.fields, framing);
          check({wire, "request " + show(read) + after_head(joined(pieces), framing, trailers)});
        }
      }
    }
  }
}

void put_request(Connection& server) {
  constexpr std::string_view wire = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  std::copy(wire.begin(), wire.end(), server.prepare(wire.size()).begin());
  server.commit(wire.size());
  ASSERT_TRUE(server.next_event());
  ASSERT_TRUE(server.next_event());
}

TEST(RoundTrip, Responses) {
  const std::vector<ResponseHead> heads = {
      {.status = 200, .reason = "OK"},
      {.status = 599, .reason = "", .fields = {{"a", ""}, {"A", "x, y"}}},
      {.status = 404,
       .reason = "Nicht \xff",
       .fields = {{"Set-Cookie", "a"}, {"Set-Cookie", "b"}}}};
  for (const ResponseHead& head : heads) {
    for (const auto& pieces : kBodies) {
      for (const Framing framing : framings(joined(pieces).size(), true)) {
        for (const Fields& trailers : {Fields{}, Fields{{"T", "v"}}}) {
          Connection writer(Role::server);
          put_request(writer);
          std::string wire;
          ASSERT_TRUE(writer.send_response(head, framing, wire));
          wire += write_body(writer, pieces, trailers);
          ResponseHead read = head;
          add_framing_field(read.fields, framing);
          const bool until_close = framing.kind == Framing::Kind::until_close;
          check({wire,
                 "response " + show(read) + after_head(joined(pieces), framing, trailers),
                 until_close ? "end | closed" : "closed",
                 {.role = Role::client}});
        }
      }
    }
  }
}

}  // namespace
}  // namespace tapedeck::http::testing
