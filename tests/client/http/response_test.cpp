// Responses as a client reads them (RFC 9112 sections 4 to 6): leniently where that is safe.

#include <gtest/gtest.h>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

const Transcript::Setup kClient = {.role = Role::client};
const std::string kEmpty = "Content-Length: 0\r\n\r\n";

TEST(Responses, ReadStatusLines) {
  const auto accepted = [](const std::string& line, const std::string& shown) {
    return Case{line + "\r\n" + kEmpty, "response " + shown + " [Content-Length: 0] | end"};
  };
  const auto refused = [](const std::string& line, const std::string& error) {
    return Case{line + "\r\n" + kEmpty, "error " + error};
  };
  check_all({accepted("HTTP/1.1 200 OK", "HTTP/1.1 200 OK"),
             accepted("HTTP/1.1 200 ", "HTTP/1.1 200 "),
             accepted("HTTP/1.1 200", "HTTP/1.1 200 "),
             accepted("HTTP/1.0 404 No", "HTTP/1.0 404 No"),
             accepted("HTTP/1.7 200 OK", "HTTP/1.1 200 OK"),
             accepted("HTTP/1.1 999 ?\t\xff", "HTTP/1.1 999 ?\t\xff"),
             refused("", "bad_status_line"),
             refused("x", "bad_status_line"),
             refused("ICY 200 OK", "bad_status_line"),
             refused("http/1.1 200 OK", "bad_status_line"),
             refused(" HTTP/1.1 200 OK", "bad_status_line"),
             refused("HTTP/1.1", "bad_status_line"),
             refused("HTTP/1.1 20", "bad_status_line"),
             refused("HTTP/1.1 2000 OK", "bad_status_line"),
             refused("HTTP/1.1 20x OK", "bad_status_line"),
             refused("HTTP/1.1 099 OK", "bad_status_line"),
             refused("HTTP/1.1 +20 OK", "bad_status_line"),
             refused("HTTP/1.1  200 OK", "bad_status_line"),
             refused("HTTP/1.1\t200 OK", "bad_status_line"),
             refused("HTTP/1.1 200\tOK", "bad_status_line"),
             refused("HTTP/2 200 OKAY", "bad_status_line"),
             refused("HTTP/2.0 200 OK", "unsupported_version"),
             refused("HTTP/1.x 200 OK", "bad_version"),
             refused("HTTP/1.1 200 O\rK", "bare_cr"),
             refused("HTTP/1.1 200 O\x01K", "bad_status_line"),
             refused(std::string("HTTP/1.1 200 O\0K", 16), "bad_status_line")},
            kClient);
}

TEST(Responses, RepairWhatCannotShiftTheirEnd) {
  const std::string start = "HTTP/1.1 200 OK\r\n";
  const auto reads = [&](const std::string& lines, const std::string& shown) {
    return Case{start + lines + "\r\n" + kEmpty,
                "response HTTP/1.1 200 OK [" + shown + "; Content-Length: 0] | end"};
  };
  check_all({reads("A : b", "A: b"), reads("A \t : b", "A: b")}, kClient);
}

TEST(Responses, UnfoldLines) {
  const auto reads = [](const std::string& lines, const std::string& shown) {
    return Case{"HTTP/1.1 200 OK\r\n" + lines + "\r\n" + kEmpty,
                "response HTTP/1.1 200 OK [" + shown + "; Content-Length: 0] | end"};
  };
  check_all({reads("A: b\r\n c", "A: b c"), reads("A: b\r\n\t  c \r\n d", "A: b c d"),
             reads("A:\r\n c", "A: c"), reads("A: b\r\n ", "A: b"), reads("A: b\n c", "A: b c")},
            kClient);
  check_all({{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 0\r\n\r\n", "error bad_content_length"},
             {"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
              "response HTTP/1.1 200 OK [Transfer-Encoding: chunked] | end"},
             {"HTTP/1.1 200 OK\r\nA: b\r\n c\x01\r\n\r\n", "error bad_field_value"},
             {"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", "error whitespace_before_first_field"}},
            kClient);
}

TEST(Responses, AcceptBareLineFeedsInHeads) {
  check_all({{"HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\nhi",
              "response HTTP/1.1 200 OK [A: b; Content-Length: 2] | data \"hi\" | end"},
             {"\nHTTP/1.1 200 OK\n\n", "error bad_status_line"}},
            kClient);
}

TEST(Responses, RefuseMalformedFieldLines) {
  const auto refused = [](const std::string& line, const std::string& error) {
    return Case{"HTTP/1.1 200 OK\r\n" + line + "\r\n\r\n", "error " + error};
  };
  check_all(
      {refused("A", "bad_field_name"), refused(": b", "bad_field_name"),
       refused(" : b", "whitespace_before_first_field"), refused("A b: c", "bad_field_name"),
       refused("A: \rb", "bare_cr"), refused("A: b\r", "bare_cr"),
       refused(std::string("A: \0", 4), "bad_field_value"), refused("A: \x7f", "bad_field_value")},
      kClient);
}

TEST(Responses, AreFramed) {
  const auto reads = [](const std::string& lines, const std::string& body, const std::string& shown,
                        const std::string& after, const std::string& at_eof = "closed") {
    return Case{"HTTP/1.1 200 OK\r\n" + lines + "\r\n" + body,
                "response HTTP/1.1 200 OK [" + shown + "]" + after, at_eof};
  };
  const auto refused = [](const std::string& lines, const std::string& error) {
    return Case{"HTTP/1.1 200 OK\r\n" + lines + "\r\n\r\nabc", "error " + error};
  };
  check_all({reads("Content-Length: 3\r\n", "abc", "Content-Length: 3", " | data \"abc\" | end"),
             reads("Content-Length: 3\r\n", "ab", "Content-Length: 3", " | data \"ab\"",
                   "error incomplete_body"),
             reads("Content-Length: 3\r\n", "abcHTTP/1.1 200", "Content-Length: 3",
                   " | data \"abc\" | end | left \"HTTP/1.1 200\""),
             reads("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\n\r\nx",
                   "Transfer-Encoding: chunked", " | data \"a\" | end | left \"x\""),
             reads("", "abc", "", " | data \"abc\"", "end | closed"),
             reads("", "", "", "", "end | closed"),
             refused("Content-Length: 3\r\nContent-Length: 3", "repeated_content_length"),
             refused("Content-Length: 3, 3", "repeated_content_length"),
             refused("Content-Length: -3", "bad_content_length"),
             refused("Content-Length: 9223372036854775808", "content_length_overflow"),
             refused("Content-Length: 3\r\nTransfer-Encoding: chunked",
                     "content_length_with_transfer_encoding"),
             refused("Transfer-Encoding: gzip", "unknown_transfer_coding"),
             refused("Transfer-Encoding: gzip, chunked", "unknown_transfer_coding"),
             refused("Transfer-Encoding: chunked, chunked", "bad_transfer_encoding"),
             {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              "error transfer_encoding_in_http10"}},
            kClient);
}

TEST(Responses, WithoutABodyWhateverTheySay) {
  // RFC 9112 section 6.3, rules 1 and 2.
  for (const std::string& status : {std::string("204 N"), std::string("304 N")}) {
    check_all({{"HTTP/1.1 " + status + "\r\nContent-Length: 9\r\n\r\nx",
                "response HTTP/1.1 " + status + " [Content-Length: 9] | end | left \"x\""},
               {"HTTP/1.1 " + status + "\r\nTransfer-Encoding: chunked\r\n\r\n",
                "response HTTP/1.1 " + status + " [Transfer-Encoding: chunked] | end"},
               {"HTTP/1.1 " + status + "\r\n\r\n", "response HTTP/1.1 " + status + " [] | end"}},
              kClient);
  }
  check_all({{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
              "response HTTP/1.1 200 OK [Content-Length: 9] | end"},
             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
              "response HTTP/1.1 200 OK [Transfer-Encoding: chunked] | end"},
             {"HTTP/1.1 200 OK\r\n\r\n", "response HTTP/1.1 200 OK [] | end"}},
            {.role = Role::client, .method = "HEAD"});
}

TEST(Responses, MayBePrecededByInterimOnes) {
  check_all(
      {{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
        "Content-Length: 1\r\n\r\na",
        "interim HTTP/1.1 100 Continue [] | interim HTTP/1.1 103 Hints [Link: x]"
        " | response HTTP/1.1 200 OK [Content-Length: 1] | data \"a\" | end"},
       {"HTTP/1.1 102 P\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
        "interim HTTP/1.1 102 P [Content-Length: 5] | response HTTP/1.1 204 N [] | end"},
       // Not connection_closed, after which a request may be sent again.
       {"HTTP/1.1 103 H\r\n\r\n", "interim HTTP/1.1 103 H []", "error incomplete_head"},
       {"HTTP/1.1 103 H\r\n\r\nHTT", "interim HTTP/1.1 103 H []", "error incomplete_head"},
       {"", "", "error connection_closed"},
       {"HTTP/1.1 2", "", "error incomplete_head"}},
      kClient);
}

TEST(Responses, ToConnectSwitch) {
  // RFC 9110 section 9.3.6: the fields of a 2xx mean nothing.
  check_all({{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nbytes",
              "response HTTP/1.1 200 OK [Content-Length: 5; Transfer-Encoding: chunked]"
              " | switched | left \"bytes\""},
             {"HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx",
              "response HTTP/1.1 403 No [Content-Length: 1] | data \"x\" | end"},
             {"HTTP/1.1 101 Up\r\n\r\n", "error unexpected_upgrade"}},
            {.role = Role::client, .method = "CONNECT"});
}

TEST(Responses, SwitchWhenThatWasOffered) {
  check_all({{"HTTP/1.1 101 Up\r\nUpgrade: x\r\n\r\nbytes",
              "response HTTP/1.1 101 Up [Upgrade: x] | switched | left \"bytes\""},
             {"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 101 Up\r\n\r\n",
              "interim HTTP/1.1 100 C [] | response HTTP/1.1 101 Up [] | switched"},
             {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
              "response HTTP/1.1 200 OK [Content-Length: 1] | data \"x\" | end"}},
            {.role = Role::client, .upgrade = true});
  check({"HTTP/1.1 101 Up\r\nUpgrade: x\r\n\r\n", "error unexpected_upgrade", "", kClient});
}

TEST(Responses, CutShortAreNeverComplete) {
  for (const std::string& wire :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "a\r\n0123456789\r\n0\r\nT: v\r\n\r\n")}) {
    check_truncation(wire, kClient);
  }
}

}  // namespace
}  // namespace tapedeck::http::testing
