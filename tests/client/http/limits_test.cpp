// Each bound of Limits from both sides, however the bytes arrive.

#include <gtest/gtest.h>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

std::string xs(std::size_t count) { return std::string(count, 'x'); }

TEST(Limits, BoundTheRequestLine) {
  Limits limits;
  limits.max_start_line = 40;
  // The line end's CR counts.
  const std::string fits = "GET /" + xs(40 - 5 - 9 - 1) + " HTTP/1.1\r\n";
  ASSERT_EQ(fits.size(), 41u);
  check({fits + "Host: a\r\n\r\n",
         "request " + fits.substr(0, 39) + " [Host: a] | end",
         "closed",
         {.limits = limits}});
  check({"GET /x" + fits.substr(5) + "Host: a\r\n\r\n",
         "error start_line_too_long",
         "",
         {.limits = limits}});
  check({"GET /" + xs(200), "error start_line_too_long", "", {.limits = limits}});
}

TEST(Limits, BoundTheStatusLine) {
  Limits limits;
  limits.max_start_line = 30;
  const std::string fits = "HTTP/1.1 204 " + xs(16) + "\r\n";
  check({fits + "\r\n",
         "response " + fits.substr(0, 29) + " [] | end",
         "closed",
         {.role = Role::client, .limits = limits}});
  check({"HTTP/1.1 204 " + xs(17) + "\r\n\r\n",
         "error start_line_too_long",
         "",
         {.role = Role::client, .limits = limits}});
}

TEST(Limits, BoundTheHead) {
  Limits limits;
  limits.max_head_size = 100;
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  // All but the last LF counts.
  const std::string fits = start + xs(101 - start.size() - 4) + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 101u);
  check({fits,
         "request GET / HTTP/1.1 [Host: a; X: " + xs(101 - start.size() - 4) + "] | end",
         "closed",
         {.limits = limits}});
  check({start + xs(102 - start.size() - 4) + "\r\n\r\n",
         "error head_too_large",
         "",
         {.limits = limits}});
  check({start + xs(300), "error head_too_large", "", {.limits = limits}});
  std::string empty_lines;
  for (int i = 0; i < 51; ++i) empty_lines += "\r\n";
  check({empty_lines, "error head_too_large", "", {.limits = limits}});
}

TEST(Limits, BoundTheNumberOfFields) {
  Limits limits;
  limits.max_fields = 2;
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n";
  check({start + "\r\n",
         "request GET / HTTP/1.1 [Host: a; A: b] | end",
         "closed",
         {.limits = limits}});
  check({start + "C: d\r\n\r\n", "error too_many_fields", "", {.limits = limits}});
}

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kShown = "response HTTP/1.1 200 OK [Transfer-Encoding: chunked]";

void check_chunked(const Limits& limits, const std::string& body, const std::string& events) {
  check({kChunked + body,
         kShown + " | " + events,
         "closed",
         {.role = Role::client, .limits = limits}});
}

TEST(Limits, BoundAChunkLine) {
  Limits limits;
  limits.max_chunk_line = 10;
  check_chunked(limits, "1;" + xs(8) + "\r\na\r\n0\r\n\r\n", "data \"a\" | end");
  check_chunked(limits, "1;" + xs(9) + "\r\na\r\n0\r\n\r\n", "error chunk_line_too_long");
  check_chunked(limits, "1;" + xs(99), "error chunk_line_too_long");
}

TEST(Limits, BoundChunkOverhead) {
  Limits limits;
  limits.max_chunk_overhead = 30;
  // 16 bytes a chunk and as many as it frames are free.
  std::string small_chunks;
  std::string data;
  for (int i = 0; i < 50; ++i) {
    small_chunks += "1;abc\r\na\r\n";
    data += "a";
  }
  check_chunked(limits, small_chunks + "0\r\n\r\n", "data \"" + data + "\" | end");
  const std::string padded = "1;" + xs(20) + "\r\na\r\n";  // 26 bytes around one: 9 over
  check_chunked(limits, padded + padded + padded + "0\r\n\r\n", "data \"aaa\" | end");
  check_chunked(limits, padded + padded + padded + padded + "0\r\n\r\n",
                "data \"aaa\" | error chunk_line_too_long");
}

TEST(Limits, BoundTrailers) {
  Limits limits;
  limits.max_trailer_size = 20;
  limits.max_fields = 2;
  check_chunked(limits, "0\r\nA: " + xs(13) + "\r\n\r\n", "end [A: " + xs(13) + "]");
  check_chunked(limits, "0\r\nA: " + xs(14) + "\r\n\r\n", "error trailers_too_large");
  check_chunked(limits, "0\r\n" + xs(50), "error trailers_too_large");
  check_chunked(limits, "0\r\nA:\r\nB:\r\n\r\n", "end [A: ; B: ]");
  check_chunked(limits, "0\r\nA:\r\nB:\r\nC:\r\n\r\n", "error too_many_fields");
}

TEST(Limits, BoundInterimResponses) {
  Limits limits;
  limits.max_interim_responses = 2;
  const std::string interim = "HTTP/1.1 100 C\r\n\r\n";
  const std::string shown = "interim HTTP/1.1 100 C [] | interim HTTP/1.1 100 C []";
  check({interim + interim + "HTTP/1.1 204 N\r\n\r\n",
         shown + " | response HTTP/1.1 204 N [] | end",
         "closed",
         {.role = Role::client, .limits = limits}});
  check({interim + interim + interim,
         shown + " | error too_many_interim_responses",
         "",
         {.role = Role::client, .limits = limits}});
}

TEST(Limits, HoldAnEightThousandByteRequestLineByDefault) {
  // RFC 9112 section 3 asks for 8000 octets.
  std::string target = "/";
  target += xs(8000);
  check({"GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n",
         "request GET " + target + " HTTP/1.1 [Host: a] | end"});
}

TEST(Limits, KeepUnfoldedLinesSmall) {
  std::string wire = "HTTP/1.1 204 N\r\nA: b\r\n";
  while (wire.size() < 60000) wire += " c\r\n";
  Transcript transcript({.role = Role::client});
  transcript.feed(wire + "\r\n");
  EXPECT_LT(transcript.connection().response().fields.byte_size(), 64u * 1024);
}

}  // namespace
}  // namespace tapedeck::http::testing
