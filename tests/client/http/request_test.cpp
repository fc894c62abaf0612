// Requests as a server reads them (RFC 9112 sections 2 to 6): strictly.

#include <gtest/gtest.h>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

const Transcript::Setup kServer = {};

std::string with_host(const std::string& start, const std::string& rest = "") {
  return start + " HTTP/1.1\r\nHost: a\r\n" + rest + "\r\n";
}

TEST(Requests, ReadsEachTargetForm) {
  const auto accepted = [](const std::string& start) {
    return Case{with_host(start), "request " + start + " HTTP/1.1 [Host: a] | end"};
  };
  check_all(
      {accepted("GET /"), accepted("GET /x?a=b&c=%20%zz"), accepted("OPTIONS *"),
       accepted("GET http://h/x"), accepted("GET HTTP://h:80?q"), accepted("GET http://h:"),
       accepted("GET https://[::1]:8443/"), accepted("GET ftp://h/file"),
       accepted("GET file:///etc"), accepted("OPTIONS http://h"), accepted("GET //double/slash"),
       accepted("GET /\"<>\\^`{|}"), accepted("M-SEARCH /x"), accepted("get /lower/method"),
       accepted("GET /\xc3\xa9\xff"), accepted("!#$%&'*+-.^_`|~0 /")},
      kServer);
}

TEST(Requests, RefusesTargetsOfAnotherForm) {
  const auto refused = [](const std::string& start, const std::string& error) {
    return Case{with_host(start), "error " + error};
  };
  check_all({refused("GET *", "bad_target"),
             refused("GET a", "bad_target"),
             refused("GET a:80", "bad_target"),
             refused("GET ?x", "bad_target"),
             refused("GET 1http://a/", "bad_target"),
             refused("GET ://a/", "bad_target"),
             refused("GET ht_tp://a/", "bad_target"),
             refused("GET http:/a", "bad_target"),
             refused("GET http:///x", "bad_host"),
             refused("GET http://:80/x", "bad_host"),
             refused("GET http://?x", "bad_host"),
             refused("GET http://a b/", "bad_version"),
             refused("GET http://a\\b/", "bad_host"),
             refused("GET http://%/", "bad_host"),
             refused("GET http://a:65536/", "bad_host"),
             refused("GET http://a:+1/", "bad_host"),
             refused("GET http://a:1:2/", "bad_host"),
             refused("GET http://[::1/", "bad_host"),
             refused("GET http://[::1]x/", "bad_host"),
             refused("GET http://[]/", "bad_host"),
             refused("GET http://[fe80::1%25e]/", "bad_host"),
             refused("GET http://u@a/", "userinfo_in_target"),
             refused("GET http://u:p@a/", "userinfo_in_target"),
             refused("GET ftp://u:p@a/", "userinfo_in_target"),
             refused("CONNECT /", "bad_host"),
             refused("CONNECT a", "bad_target"),
             refused("CONNECT a:", "bad_target"),
             refused("CONNECT :443", "bad_host"),
             refused("CONNECT a:65536", "bad_host"),
             refused("CONNECT a:x", "bad_host"),
             refused("CONNECT a:-1", "bad_host"),
             refused("CONNECT *", "bad_target"),
             refused("CONNECT http://a:1/", "bad_host"),
             refused("CONNECT u@a:1", "userinfo_in_target")},
            kServer);
}

TEST(Requests, RefusesMalformedStartLines) {
  const auto refused = [](const std::string& line, const std::string& error) {
    return Case{line + "\r\nHost: a\r\n\r\n", "error " + error};
  };
  check_all({refused("GET", "bad_request_line"),
             refused("GET /", "bad_request_line"),
             refused("GET / ", "bad_version"),
             refused("GET  / HTTP/1.1", "bad_request_line"),
             refused("GET /  HTTP/1.1", "bad_version"),
             refused("GET / HTTP/1.1 ", "bad_version"),
             refused("GET\t/ HTTP/1.1", "bad_method"),
             refused("GET /\tHTTP/1.1", "bad_target"),
             refused(" GET / HTTP/1.1", "bad_request_line"),
             refused("G@T / HTTP/1.1", "bad_method"),
             refused("G\xc3\x89T / HTTP/1.1", "bad_method"),
             refused("GET: / HTTP/1.1", "bad_method"),
             refused(std::string("G\0T / HTTP/1.1", 14), "bad_method"),
             refused(std::string("GET /\0 HTTP/1.1", 15), "bad_target"),
             refused("GET /\x7f HTTP/1.1", "bad_target"),
             refused("GET /\x0b HTTP/1.1", "bad_target"),
             refused("GET /#f HTTP/1.1", "bad_target"),
             refused("GET /\rx HTTP/1.1", "bare_cr"),
             refused("GET / HTTP/1.1\r", "bad_version"),
             refused("GET / http/1.1", "bad_version"),
             refused("GET / HTTP/1", "bad_version"),
             refused("GET / HTTP/1.10", "bad_version"),
             refused("GET / HTTP/01.1", "bad_version"),
             refused("GET / HTTP/+1.1", "bad_version"),
             refused("GET / HTTP/1,1", "bad_version"),
             refused("GET / HTP/1.1", "bad_version"),
             refused("GET / HTTP /1.1", "bad_version"),
             refused("GET / HTTP/0.9", "unsupported_version"),
             refused("GET / HTTP/2.0", "unsupported_version"),
             refused("PRI * HTTP/2.0", "unsupported_version"),
             refused("\x16\x03\x01", "bad_request_line"),
             refused("\x80", "bad_request_line"),
             refused("{}", "bad_request_line")},
            kServer);
}

TEST(Requests, ReadsVersions) {
  // RFC 9110 section 2.5: a higher minor version is read as the highest known.
  check_all({{"GET / HTTP/1.9\r\nHost: a\r\n\r\n", "request GET / HTTP/1.1 [Host: a] | end"},
             {"GET / HTTP/1.0\r\n\r\n", "request GET / HTTP/1.0 [] | end"}},
            kServer);
}

TEST(Requests, SkipsEmptyLinesBefore) {
  check_all(
      {{"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "request GET / HTTP/1.1 [Host: a] | end"},
       {"\r\n\r\n", ""},
       {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "error bare_lf"},
       {"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "error bad_method"},
       {"\r\r\nGET / HTTP/1.1\r\n\r\n", "error bad_method"}},
      kServer);
}

TEST(Requests, ReadsFieldLines) {
  const auto accepted = [](const std::string& line, const std::string& shown) {
    return Case{with_host("GET /", line + "\r\n"),
                "request GET / HTTP/1.1 [Host: a; " + shown + "] | end"};
  };
  check_all({accepted("A:b", "A: b"), accepted("A:", "A: "), accepted("A: \t ", "A: "),
             accepted("A:\t b c\t", "A: b c"), accepted("a: b\tc", "a: b\tc"),
             accepted("A: :", "A: :"), accepted("!#$%&'*+-.^_`|~0z: 1", "!#$%&'*+-.^_`|~0z: 1"),
             accepted("A: \xa0\xff", "A: \xa0\xff"),
             accepted("A: 1\r\nB: 2\r\na: 3", "A: 1; B: 2; a: 3")},
            kServer);
}

TEST(Requests, RefusesMalformedFieldLines) {
  const auto refused = [](const std::string& lines, const std::string& error) {
    return Case{"GET / HTTP/1.1\r\n" + lines + "\r\n\r\n", "error " + error};
  };
  check_all({refused(" Host: a", "whitespace_before_first_field"),
             refused("\tHost: a", "whitespace_before_first_field"),
             refused(" ", "whitespace_before_first_field"),
             refused("Host: a\r\n b", "obsolete_line_folding"),
             refused("Host: a\r\n ", "obsolete_line_folding"),
             refused("Host : a", "whitespace_before_colon"),
             refused("Host\t: a", "whitespace_before_colon"),
             refused("Host", "bad_field_name"),
             refused("Host a", "bad_field_name"),
             refused(": a", "bad_field_name"),
             refused("Ho st: a", "bad_field_name"),
             refused("H(st: a", "bad_field_name"),
             refused("H\xf6st: a", "bad_field_name"),
             refused("Ho\x0bst: a", "bad_field_name"),
             refused(std::string("Ho\0st: a", 8), "bad_field_name"),
             refused("Host\r: a", "bare_cr"),
             refused("Host: a\rb", "bare_cr"),
             refused("Host: a\r", "bare_cr"),
             refused("A: b\rB: c\r\nHost: a", "bare_cr"),
             refused(std::string("A: a\0b", 6), "bad_field_value"),
             refused("A: \x01", "bad_field_value"),
             refused("A: \x0b", "bad_field_value"),
             refused("A: \x1b[2J", "bad_field_value"),
             refused("A: \x7f", "bad_field_value")},
            kServer);
}

TEST(Requests, RefusesBareLineFeeds) {
  check_all(
      {{"GET / HTTP/1.1\nHost: a\r\n\r\n", "error bare_lf"},
       {"GET / HTTP/1.1\r\nHost: a\n\r\n", "error bare_lf"},
       {"GET / HTTP/1.1\r\nHost: a\r\n\n", "error bare_lf"},
       {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\nTransfer-Encoding: chunked\r\n\r\n", "error bare_lf"}},
      kServer);
}

TEST(Requests, NeedOneValidHost) {
  const auto refused = [](const std::string& lines, const std::string& error) {
    return Case{"GET / HTTP/1.1\r\n" + lines + "\r\n", "error " + error};
  };
  check_all(
      {refused("", "missing_host"),
       refused("X: y\r\n", "missing_host"),
       refused("Host: a\r\nhost: a\r\n", "multiple_hosts"),
       refused("Host: a b\r\n", "bad_host"),
       refused("Host: a,b\r\nHost:\r\n", "multiple_hosts"),
       refused("Host: a/b\r\n", "bad_host"),
       refused("Host: u@a\r\n", "bad_host"),
       refused("Host: a:b\r\n", "bad_host"),
       refused("Host: a:1:2\r\n", "bad_host"),
       refused("Host: [::1\r\n", "bad_host"),
       refused("Host: http://a\r\n", "bad_host"),
       refused("Host: a%\r\n", "bad_host"),
       refused("Host: a%2\r\n", "bad_host"),
       refused("Host: \xc3\xa9\r\n", "bad_host"),
       {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "error multiple_hosts"},
       {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "request GET / HTTP/1.1 [Host: ] | end"},
       {"GET / HTTP/1.1\r\nHost: a%2e:\r\n\r\n", "request GET / HTTP/1.1 [Host: a%2e:] | end"},
       {"GET / HTTP/1.1\r\nHost: [v1.x:y]:1\r\n\r\n",
        "request GET / HTTP/1.1 [Host: [v1.x:y]:1] | end"}},
      kServer);
}

TEST(Requests, AnswersPipelinesInOrder) {
  check_all({{with_host("GET /1") + with_host("POST /2", "Content-Length: 3\r\n") + "abc" +
                  with_host("GET /3"),
              "request GET /1 HTTP/1.1 [Host: a] | end"
              " | request POST /2 HTTP/1.1 [Host: a; Content-Length: 3] | data \"abc\" | end"
              " | request GET /3 HTTP/1.1 [Host: a] | end"},
             {with_host("POST /1", "Transfer-Encoding: chunked\r\n") + "1\r\nx\r\n0\r\n\r\n" +
                  with_host("GET /2"),
              "request POST /1 HTTP/1.1 [Host: a; Transfer-Encoding: chunked] | data \"x\" | end"
              " | request GET /2 HTTP/1.1 [Host: a] | end"},
             {with_host("GET /1") + "\r\n" + with_host("GET /2") + "\r\n",
              "request GET /1 HTTP/1.1 [Host: a] | end | request GET /2 HTTP/1.1 [Host: a] | end"},
             {with_host("GET /1") + "junk(\r\n",
              "request GET /1 HTTP/1.1 [Host: a] | end | error bad_method"},
             {with_host("GET /1", "Upgrade: x\r\n") + with_host("GET /2"),
              "request GET /1 HTTP/1.1 [Host: a; Upgrade: x] | end"
              " | request GET /2 HTTP/1.1 [Host: a] | end"}},
            kServer);
}

TEST(Requests, ReadNothingAfterTheLastOfAConnection) {
  check_all({{with_host("GET /1", "Connection: close\r\n") + with_host("GET /2"),
              "request GET /1 HTTP/1.1 [Host: a; Connection: close] | end | left " +
                  quote(with_host("GET /2"))},
             {with_host("GET /1", "Connection: x, CLOSE\r\n") + "x",
              "request GET /1 HTTP/1.1 [Host: a; Connection: x, CLOSE] | end | left \"x\""},
             // RFC 9112 section 9.3: a proxy never keeps an HTTP/1.0 client's connection.
             {"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
              "request GET /1 HTTP/1.0 [Connection: keep-alive] | end"
              " | left \"GET /2 HTTP/1.0\\r\\n\\r\\n\""},
             {with_host("CONNECT a:1") + "tunnel",
              "request CONNECT a:1 HTTP/1.1 [Host: a] | end | switched | left \"tunnel\""}},
            kServer);
}

TEST(Requests, FrameTheirBodies) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const auto refused = [&](const std::string& lines, const std::string& error) {
    return Case{post + lines + "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n",
                "error " + error};
  };
  const std::string nines(100, '9');
  check_all(
      {{post + "Content-Length: 0\r\n\r\n",
        "request POST / HTTP/1.1 [Host: a; Content-Length: 0] | end"},
       {post + "Content-Length: 005\r\n\r\nhello",
        "request POST / HTTP/1.1 [Host: a; Content-Length: 005] | data \"hello\" | end"},
       {post + "transfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n",
        "request POST / HTTP/1.1 [Host: a; transfer-encoding: CHUNKED] | end"},
       {post + "Content-Length: 9223372036854775807\r\n\r\nx",
        "request POST / HTTP/1.1 [Host: a; Content-Length: 9223372036854775807] | data \"x\"",
        "error incomplete_body"},
       // CL.TE and TE.CL (RFC 9112 section 6.1).
       refused("Content-Length: 5\r\nTransfer-Encoding: chunked",
               "content_length_with_transfer_encoding"),
       refused("Transfer-Encoding: chunked\r\nContent-Length: 5",
               "content_length_with_transfer_encoding"),
       // TE.TE (section 6.1, 6.3).
       refused("Transfer-Encoding: xchunked", "unknown_transfer_coding"),
       refused("Transfer-Encoding: \"chunked\"", "unknown_transfer_coding"),
       refused("Transfer-Encoding: chunked;q=1", "unknown_transfer_coding"),
       refused("Transfer-Encoding: gzip, chunked", "unknown_transfer_coding"),
       refused("Transfer-Encoding: chunked, identity", "unknown_transfer_coding"),
       refused("Transfer-Encoding: chunked, chunked", "bad_transfer_encoding"),
       refused("Transfer-Encoding: chunked,", "bad_transfer_encoding"),
       refused("Transfer-Encoding: ", "bad_transfer_encoding"),
       refused("Transfer-Encoding: ,", "bad_transfer_encoding"),
       refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "bad_transfer_encoding"),
       refused("Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "bad_transfer_encoding"),
       refused("Transfer-Encoding:\x0b"
               "chunked",
               "bad_field_value"),
       refused("Transfer-Encoding: chunked\xa0", "unknown_transfer_coding"),
       refused("Transfer-Encoding : chunked", "whitespace_before_colon"),
       refused("Transfer-Encoding\r\n : chunked", "bad_field_name"),
       refused("Transfer-Encoding:\r\n chunked", "obsolete_line_folding"),
       refused("Transfer_Encoding: x\r\nTransfer-Encoding: chunke", "unknown_transfer_coding"),
       refused("X: y\rTransfer-Encoding: chunked", "bare_cr"),
       // Content-Length (section 6.3, rule 5).
       refused("Content-Length: 5\r\nContent-Length: 5", "repeated_content_length"),
       refused("Content-Length: 5\r\nContent-Length: 6", "repeated_content_length"),
       refused("Content-Length: 5, 5", "repeated_content_length"),
       refused("Content-Length: 5,", "repeated_content_length"),
       refused("Content-Length:", "bad_content_length"),
       refused("Content-Length: +1", "bad_content_length"),
       refused("Content-Length: -1", "bad_content_length"),
       refused("Content-Length: 0x1", "bad_content_length"),
       refused("Content-Length: 1_0", "bad_content_length"),
       refused("Content-Length: 1 0", "bad_content_length"),
       refused("Content-Length: 1.0", "bad_content_length"),
       refused("Content-Length: \xa0"
               "1",
               "bad_content_length"),
       refused("Content-Length: \xd9\xa1", "bad_content_length"),
       refused("Content-Length: 9223372036854775808", "content_length_overflow"),
       refused("Content-Length: 18446744073709551616", "content_length_overflow"),
       refused("Content-Length: 18446744073709551621", "content_length_overflow"),
       refused("Content-Length: " + nines, "content_length_overflow"),
       {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "error transfer_encoding_in_http10"},
       {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "error body_on_connect"},
       {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "error body_on_connect"}},
      kServer);
}

TEST(Requests, CutShortAreNeverComplete) {
  for (const std::string& wire :
       {with_host("GET /x", "A: b\r\n"), with_host("POST /x", "Content-Length: 5\r\n") + "hello",
        with_host("POST /x", "Transfer-Encoding: chunked\r\n") +
            "5;x=y\r\nhello\r\n0\r\nT: v\r\n\r\n"}) {
    check_truncation(wire, kServer);
  }
}

}  // namespace
}  // namespace tapedeck::http::testing
