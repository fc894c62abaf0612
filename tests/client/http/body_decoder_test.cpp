// The chunked transfer coding (RFC 9112 section 7) inside either kind of message.

#include <gtest/gtest.h>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

const Transcript::Setup kServer = {};
const Transcript::Setup kClient = {.role = Role::client};
const std::string kRequest = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kRequestShown = "request POST / HTTP/1.1 [Host: a; Transfer-Encoding: chunked]";
const std::string kResponse = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kResponseShown = "response HTTP/1.1 200 OK [Transfer-Encoding: chunked]";

void check_both(const std::string& body, const std::string& events,
                const std::string& at_eof = "closed") {
  const std::string after = events.empty() ? "" : " | " + events;
  check({kRequest + body, kRequestShown + after, at_eof, kServer});
  check({kResponse + body, kResponseShown + after, at_eof, kClient});
}

TEST(ChunkedDecoder, ReadsChunks) {
  check_both("0\r\n\r\n", "end");
  check_both("5\r\nhello\r\n0\r\n\r\n", "data \"hello\" | end");
  check_both("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n000\r\n\r\n", "data \"abc\" | end");
  check_both("A\r\n0123456789\r\n0\r\n\r\n", "data \"0123456789\" | end");
  check_both("a\r\n0\r\n\r\n56789\r\n0\r\n\r\n", "data \"0\\r\\n\\r\\n56789\" | end");
  check_both("0000000000000001\r\nx\r\n0\r\n\r\n", "data \"x\" | end");
}

TEST(ChunkedDecoder, IgnoresExtensions) {
  check_both("1;a\r\nx\r\n0\r\n\r\n", "data \"x\" | end");
  check_both("1;a=b;c=\"d;e\"\r\nx\r\n0;last\r\n\r\n", "data \"x\" | end");
  check_both("1 ;a = b\r\nx\r\n0\r\n\r\n", "data \"x\" | end");
  check_both("1\t;a\r\nx\r\n0\r\n\r\n", "data \"x\" | end");
}

TEST(ChunkedDecoder, RejectsMalformedSizes) {
  for (const char* const line :
       {"", "x", "-1", "+1", " 1", "\t1", "0x1", "1_0", "1 0", "1,", "1x", "g", "1.0", "\v1",
        "1\xa0", "\2401", "\"1\"", ";a", "00000000000000001"}) {
    check_both(std::string(line) + "\r\nx\r\n0\r\n\r\n", "error bad_chunk_size");
  }
}

TEST(ChunkedDecoder, RejectsSizesTooLargeToCount) {
  for (const std::string& line :
       {std::string("8000000000000000"), std::string("FFFFFFFFFFFFFFFF"),
        std::string("10000000000000000"), std::string(100, 'f'), "1" + std::string(99, '0')}) {
    check_both(line + "\r\nx", "error chunk_size_overflow");
  }
  check_both("7fffffffffffffff\r\nx", "data \"x\"", "error incomplete_body");
}

TEST(ChunkedDecoder, RejectsControlsInExtensions) {
  check_both("1;a=\x01\r\nx\r\n", "error bad_chunk_extension");
  check_both(std::string("1;a\0b\r\nx\r\n", 10), "error bad_chunk_extension");
  check_both("1;a\rb\r\nx\r\n", "error bare_cr");
  check_both("1\r\r\nx\r\n", "error bare_cr");
}

TEST(ChunkedDecoder, RejectsBareLineFeeds) {
  // RFC 9112 section 2.2 with erratum 7633.
  check_both("1\nx\r\n0\r\n\r\n", "error bare_lf");
  check_both("\n", "error bare_lf");
  check_both("1;a\nx\r\n0\r\n\r\n", "error bare_lf");
  check_both("1\r\nx\n0\r\n\r\n", "data \"x\" | error bare_lf");
  check_both("0\n\r\n", "error bare_lf");
  check_both("0\r\n\n", "error bare_lf");
  check_both("0\r\nA: b\n\r\n", "error bare_lf");
}

TEST(ChunkedDecoder, RejectsWrongBytesAfterChunk) {
  check_both("1\r\nxy\r\n", "data \"x\" | error bad_chunk_end");
  check_both("1\r\nx\rz", "data \"x\" | error bad_chunk_end");
  check_both("1\r\nx0\r\n\r\n", "data \"x\" | error bad_chunk_end");
}

TEST(ChunkedDecoder, PermitsPaddingInResponsesOnly) {
  check({kResponse + "1 \t\r\nx\r\n0  \r\n\r\n", kResponseShown + " | data \"x\" | end", "closed",
         kClient});
  check(
      {kRequest + "1 \r\nx\r\n0\r\n\r\n", kRequestShown + " | error bad_chunk_size", "", kServer});
}

TEST(ChunkedDecoder, ReadsTrailers) {
  check_both("0\r\nA: b\r\nC: d\r\n\r\n", "end [A: b; C: d]");
  check_both("1\r\nx\r\n0\r\nA:\r\n\r\n", "data \"x\" | end [A: ]");
  check_both("0\r\nA : b\r\n\r\n", "error whitespace_before_colon");
  check_both("0\r\n A: b\r\n\r\n", "error whitespace_before_first_field");
  check_both("0\r\nA: b\r\n c\r\n\r\n", "error obsolete_line_folding");
  check_both("0\r\nA\r\n\r\n", "error bad_field_name");
  check_both("0\r\nA: \x01\r\n\r\n", "error bad_field_value");
  check_both("0\r\nA: b\rc\r\n\r\n", "error bare_cr");
  check_both("0\r\n\r\r\n", "error bare_cr");
}

TEST(ChunkedDecoder, NeedsItsLastChunk) {
  check_both("", "", "error incomplete_body");
  check_both("5\r\nhel", "data \"hel\"", "error incomplete_body");
  check_both("5\r\nhello\r\n", "data \"hello\"", "error incomplete_body");
  check_both("5\r\nhello\r\n0\r\n", "data \"hello\"", "error incomplete_body");
  check_both("5\r\nhello\r\n0\r\nA: b\r\n", "data \"hello\"", "error incomplete_body");
}

}  // namespace
}  // namespace tapedeck::http::testing
