// No byte that could end a line or an element leaves through a send function.

#include "client/http/serializer.hpp"

#include <gtest/gtest.h>

#include "client/http/connection.hpp"
#include "client/http/error.hpp"
#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

const std::vector<std::string>& payloads() {
  using namespace std::string_literals;
  static const std::vector<std::string> all = {"\r"s,
                                               "\n"s,
                                               "\r\n"s,
                                               "\0"s,
                                               "a\rb"s,
                                               "a\nb"s,
                                               "a\r\nb"s,
                                               "a\0b"s,
                                               "\r\nX: y"s,
                                               "\nX: y"s,
                                               "\rX: y"s,
                                               "a\r\nX: y"s,
                                               "a\r\n\r\nGET / HTTP/1.1"s,
                                               "a\n\nGET /"s,
                                               "a\r\n X: y"s,
                                               "a\r\n\tX: y"s,
                                               "\r\r\n"s,
                                               "\n\r"s,
                                               "a\r\0\n"s,
                                               "\x7f"s,
                                               "\x01"s,
                                               "\x0b"s,
                                               "\x0c"s,
                                               "\x1b[0m"s,
                                               "\x08"s,
                                               "trailing\r"s,
                                               "trailing\n"s,
                                               "trailing\0"s,
                                               "a\r\nTransfer-Encoding: chunked"s,
                                               "a\r\nContent-Length: 0"s};
  return all;
}

/// Forbidden where a token or a target is due, besides the payloads above.
const std::vector<std::string>& separators() {
  using namespace std::string_literals;
  static const std::vector<std::string> all = {
      ""s, " "s, "a b"s, " a"s, "a "s, "\t"s, "a\tb"s, "/ HTTP/1.1\r\nX:"s, "/ HTTP/1.1"s};
  return all;
}

std::vector<std::string> both() {
  std::vector<std::string> all = payloads();
  all.insert(all.end(), separators().begin(), separators().end());
  return all;
}

std::vector<std::string> for_names() {
  std::vector<std::string> all = both();
  for (const char* const extra : {":", "a:", "a:b", "a(b", "a/b", "\"a\"", "\xc3\xa9", "a,b"}) {
    all.emplace_back(extra);
  }
  return all;
}

void expect_refused(const RequestHead& head, const std::string& payload) {
  Connection client(Role::client);
  std::string out = "kept";
  EXPECT_FALSE(client.send_request(head, Framing::none(), out)) << quote(payload);
  EXPECT_EQ(out, "kept") << quote(payload);
  EXPECT_EQ(client.our_state(), State::idle);
}

void expect_refused(const ResponseHead& head, const std::string& payload) {
  Connection server(Role::server);
  std::string out = "kept";
  EXPECT_FALSE(server.send_response(head, Framing::of_length(0), out)) << quote(payload);
  EXPECT_EQ(out, "kept") << quote(payload);
  EXPECT_EQ(server.our_state(), State::idle);
}

TEST(Injection, IntoAMethodIsRefused) {
  for (const std::string& payload : for_names()) {
    expect_refused(RequestHead{.method = payload, .target = "/"}, payload);
  }
}

TEST(Injection, IntoATargetIsRefused) {
  for (const std::string& payload : both()) {
    expect_refused(RequestHead{.method = "GET", .target = payload}, payload);
    if (!payload.empty()) {
      expect_refused(RequestHead{.method = "GET", .target = "/" + payload}, payload);
    }
  }
  expect_refused(RequestHead{.method = "GET", .target = "/#f"}, "/#f");
}

TEST(Injection, IntoAFieldNameIsRefused) {
  for (const std::string& payload : for_names()) {
    expect_refused(RequestHead{.method = "GET", .target = "/", .fields = {{payload, "v"}}},
                   payload);
    expect_refused(ResponseHead{.status = 200, .fields = {{"A", "b"}, {payload, "v"}}}, payload);
  }
}

TEST(Injection, IntoAFieldValueIsRefused) {
  for (const std::string& payload : payloads()) {
    for (const std::string& value :
         {payload, "long enough for a word " + payload, payload + "tail"}) {
      expect_refused(RequestHead{.method = "GET", .target = "/", .fields = {{"A", value}}}, value);
      expect_refused(ResponseHead{.status = 200, .fields = {{"A", value}}}, value);
    }
  }
}

TEST(Injection, IntoAReplacedFramingFieldIsRefused) {
  expect_refused(RequestHead{.method = "GET", .target = "/", .fields = {{"Content-Length", "\n"}}},
                 "Content-Length");
}

TEST(Injection, IntoAReasonIsRefused) {
  for (const std::string& payload : payloads()) {
    expect_refused(ResponseHead{.status = 200, .reason = payload}, payload);
    expect_refused(ResponseHead{.status = 200, .reason = "OK" + payload}, payload);
  }
}

TEST(Injection, IntoAStatusIsRefused) {
  for (const int status : {-200, 0, 99, 1000, 20000}) {
    expect_refused(ResponseHead{.status = status}, std::to_string(status));
  }
}

TEST(Injection, IntoTrailersIsRefused) {
  const auto refuse = [](const Fields& trailers) {
    Connection client(Role::client);
    std::string out;
    ASSERT_TRUE(client.send_request({.method = "PUT", .target = "/"}, Framing::chunked(), out));
    out = "kept";
    EXPECT_FALSE(client.send_end(trailers, out)) << show(trailers);
    EXPECT_EQ(out, "kept");
    EXPECT_EQ(client.our_state(), State::send_body);
  };
  for (const std::string& payload : payloads()) refuse({{"A", payload}});
  for (const std::string& payload : for_names()) refuse({{payload, "v"}});
}

TEST(Serializer, WritesTheFramingItIsGiven) {
  RequestHead head{.method = "POST", .target = "/x"};
  head.fields = {{"content-length", "9"}, {"A", "b"}, {"TRANSFER-ENCODING", "gzip"}};
  const auto written = [&](Framing framing) {
    std::string out;
    EXPECT_TRUE(append_request_head(head, framing, out));
    return out;
  };
  EXPECT_EQ(written(Framing::none()), "POST /x HTTP/1.1\r\nA: b\r\n\r\n");
  EXPECT_EQ(written(Framing::of_length(18446744073709551615u)),
            "POST /x HTTP/1.1\r\nA: b\r\nContent-Length: 18446744073709551615\r\n\r\n");
  EXPECT_EQ(written(Framing::chunked()),
            "POST /x HTTP/1.1\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(Serializer, WritesChunkLinesInHexadecimal) {
  std::string out;
  append_chunk_line(1, out);
  append_chunk_line(255, out);
  append_chunk_line(18446744073709551615u, out);
  EXPECT_EQ(out, "1\r\nff\r\nffffffffffffffff\r\n");
}

TEST(Serializer, WritesTheLastChunkWithTrailers) {
  std::string out;
  ASSERT_TRUE(append_last_chunk({{"A", "b"}}, out));
  EXPECT_EQ(out, "0\r\nA: b\r\n\r\n");
}

}  // namespace
}  // namespace tapedeck::http::testing
