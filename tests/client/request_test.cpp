#include <gtest/gtest.h>

#include "tests/client/dialogue.hpp"
#include "tests/support/scratch_file.hpp"

namespace tapedeck::client {
namespace {

using test::field;

/// Pieces handed out one by one.
Body::Generator pieces(std::vector<std::string> list) {
  return [list = std::move(list), next = std::size_t{0}]() mutable -> std::optional<std::string> {
    if (next == list.size()) return std::nullopt;
    return list[next++];
  };
}

/// The Host field sent to the origin of this URL; the connection itself goes to `origin`.
std::string host_sent(const std::string& url) {
  Origin origin;
  Options options = patient();
  options.connect_to = http::parse_authority(origin.authority()).value();
  auto client = BlockingConnection::to(url, options).value();
  client.request("GET", "/").value();
  return field(origin.accept().read_head(), "Host");
}

TEST(ClientRequest, IsExactlyThis) {
  Dialogue dialogue;
  EXPECT_EQ(dialogue.ask("GET", "/a?b=c", {}, {{"X-One", "1"}, {"X-Two", "2"}}),
            "GET /a?b=c HTTP/1.1\r\nHost: " + dialogue.origin.authority() +
                "\r\nAccept-Encoding: identity\r\nX-One: 1\r\nX-Two: 2\r\n\r\n");
}

TEST(ClientRequest, AddsHostWithoutADefaultPort) {
  EXPECT_EQ(host_sent("http://example.test"), "example.test");
  EXPECT_EQ(host_sent("http://example.test:80"), "example.test");
  EXPECT_EQ(host_sent("http://EXAMPLE.test:8080"), "example.test:8080");
  EXPECT_EQ(host_sent("http://[::1]"), "[::1]");
  EXPECT_EQ(host_sent("http://[2001:db8::7]:81"), "[2001:db8::7]:81");
}

TEST(ClientRequest, KeepsOnesOwnHostAndAcceptEncoding) {
  Dialogue dialogue;
  const std::string head =
      dialogue.ask("GET", "/", {}, {{"host", "other.test"}, {"accept-encoding", "gzip"}});
  EXPECT_EQ(field(head, "Host"), "other.test");
  EXPECT_EQ(field(head, "Accept-Encoding"), "gzip");
}

TEST(ClientRequest, RepeatedHeadersStayApartAndInOrder) {
  Dialogue dialogue;
  EXPECT_EQ(
      field(dialogue.ask("GET", "/", {}, {{"Cookie", "a"}, {"X", "-"}, {"Cookie", "b"}}), "Cookie"),
      "a | b");
}

TEST(ClientRequest, TextBodyHasItsLength) {
  Dialogue dialogue;
  const std::string head = dialogue.ask("POST", "/", "four");
  EXPECT_EQ(field(head, "Content-Length"), "4");
  EXPECT_EQ(field(head, "Transfer-Encoding"), "(absent)");
  EXPECT_EQ(field(head, "Content-Type"), "(absent)");
  dialogue.server.expect("four");
}

TEST(ClientRequest, BinaryBodyIsSentAsItIs) {
  Dialogue dialogue;
  const std::string bytes("\0\r\n\xff\0", 5);
  (void)dialogue.ask("PUT", "/", bytes);
  dialogue.server.expect(bytes);
}

TEST(ClientRequest, FileBodyHasItsLength) {
  const std::string content(100'000, 'f');
  const test::ScratchFile file(content);
  Dialogue dialogue;
  EXPECT_EQ(field(dialogue.ask("PUT", "/", Body::file(file.path())), "Content-Length"), "100000");
  dialogue.server.expect(content);
}

TEST(ClientRequest, EmptyFileHasLengthZero) {
  const test::ScratchFile file("");
  Dialogue dialogue;
  EXPECT_EQ(field(dialogue.ask("PUT", "/", Body::file(file.path())), "Content-Length"), "0");
}

TEST(ClientRequest, MissingFileIsNamed) {
  Dialogue dialogue;
  const auto failed = dialogue.client.request("PUT", "/", Body::file("/nonexistent/body"));
  EXPECT_THAT(failed, FailsAt(Stage::send, Error::body_unreadable));
  EXPECT_THAT(failure_text(failed), HasSubstr("/nonexistent/body"));
  EXPECT_FALSE(dialogue.origin.has_connection());
}

TEST(ClientRequest, DirectoryIsNoBody) {
  Dialogue dialogue;
  EXPECT_THAT(dialogue.client.request("PUT", "/", Body::file("/tmp")),
              FailsAt(Stage::send, Error::body_unreadable));
}

TEST(ClientRequest, GeneratedBodyIsChunked) {
  Dialogue dialogue;
  const std::string head =
      dialogue.ask("POST", "/", Body::generated(pieces({"one", "", "a longer piece"})));
  EXPECT_EQ(field(head, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(field(head, "Content-Length"), "(absent)");
  dialogue.server.expect("3\r\none\r\ne\r\na longer piece\r\n0\r\n\r\n");
}

TEST(ClientRequest, GeneratedBodyOfKnownLengthIsNot) {
  Dialogue dialogue;
  const std::string head = dialogue.ask("POST", "/", Body::generated(pieces({"one", "two"}), 6));
  EXPECT_EQ(field(head, "Transfer-Encoding"), "(absent)");
  EXPECT_EQ(field(head, "Content-Length"), "6");
  dialogue.server.expect("onetwo");
}

TEST(ClientRequest, GeneratedBodyMayNotBreakItsWord) {
  Dialogue longer;
  EXPECT_THAT(longer.client.request("POST", "/", Body::generated(pieces({"one", "two"}), 5)),
              FailsAt(Stage::send, http::Error::body_longer_than_declared));
  Dialogue shorter;
  EXPECT_THAT(shorter.client.request("POST", "/", Body::generated(pieces({"one"}), 5)),
              FailsAt(Stage::send, http::Error::body_shorter_than_declared));
  EXPECT_FALSE(shorter.client.is_open());
}

TEST(ClientRequest, ChunkedOnDemand) {
  Dialogue dialogue;
  EXPECT_EQ(field(dialogue.ask("POST", "/", Body("text").chunked()), "Transfer-Encoding"),
            "chunked");
  dialogue.server.expect("4\r\ntext\r\n0\r\n\r\n");
}

TEST(ClientRequest, ChunkedByOnesOwnHeader) {
  Dialogue dialogue;
  EXPECT_EQ(field(dialogue.ask("POST", "/", "text", {{"Transfer-Encoding", "chunked"}}),
                  "Transfer-Encoding"),
            "chunked");
  dialogue.server.expect("4\r\ntext\r\n0\r\n\r\n");
}

TEST(ClientRequest, FormIsEncodedAndTyped) {
  Dialogue dialogue;
  const std::string head =
      dialogue.ask("POST", "/", Body::form({{"name", "J\xc3\xb6rg & co"}, {"a*b", "1+1=2"}}));
  EXPECT_EQ(field(head, "Content-Type"), "application/x-www-form-urlencoded");
  dialogue.server.expect("name=J%C3%B6rg+%26+co&a*b=1%2B1%3D2");
}

TEST(ClientRequest, JsonIsTyped) {
  Dialogue dialogue;
  EXPECT_EQ(field(dialogue.ask("POST", "/", Body::json("{}")), "Content-Type"), "application/json");
  dialogue.server.expect("{}");
}

TEST(ClientRequest, KeepsOnesOwnContentType) {
  Dialogue dialogue;
  EXPECT_EQ(field(dialogue.ask("POST", "/", Body::json("{}"), {{"content-type", "text/x"}}),
                  "Content-Type"),
            "text/x");
}

TEST(ClientRequest, LengthZeroWhereABodyIsExpected) {
  for (const std::string method : {"POST", "PUT", "PATCH"}) {
    Dialogue dialogue;
    EXPECT_EQ(field(dialogue.ask(method), "Content-Length"), "0") << method;
  }
  for (const std::string method : {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "MADE-UP"}) {
    Dialogue dialogue;
    EXPECT_EQ(field(dialogue.ask(method), "Content-Length"), "(absent)") << method;
  }
}

TEST(ClientRequest, HeadersThatContradictTheBody) {
  Dialogue dialogue;
  const auto refused = [&](Body body, http::Fields headers) {
    return dialogue.client.request("POST", "/", std::move(body), std::move(headers));
  };
  EXPECT_THAT(refused("four", {{"Content-Length", "5"}}),
              FailsAt(Stage::send, Error::framing_conflict));
  EXPECT_THAT(refused({}, {{"Content-Length", "5"}}),
              FailsAt(Stage::send, Error::framing_conflict));
  EXPECT_THAT(refused({}, {{"Transfer-Encoding", "chunked"}}),
              FailsAt(Stage::send, Error::framing_conflict));
  EXPECT_THAT(refused(Body("four").chunked(), {{"Content-Length", "4"}}),
              FailsAt(Stage::send, Error::framing_conflict));
  EXPECT_THAT(refused("four", {{"Content-Length", "four"}}),
              FailsWith(http::Error::bad_content_length));
  EXPECT_THAT(refused("four", {{"Content-Length", "4"}, {"Transfer-Encoding", "chunked"}}),
              FailsWith(http::Error::content_length_with_transfer_encoding));
  EXPECT_FALSE(dialogue.origin.has_connection());
}

TEST(ClientRequest, OwnContentLengthThatAgreesIsSentOnce) {
  Dialogue dialogue;
  EXPECT_EQ(field(dialogue.ask("POST", "/", "four", {{"Content-Length", "4"}}), "Content-Length"),
            "4");
  dialogue.server.expect("four");
}

TEST(ClientRequest, SpeaksHttp10) {
  Options options = patient();
  options.version = {1, 0};
  Dialogue dialogue(options);
  EXPECT_TRUE(dialogue.ask("POST", "/x", "body").starts_with("POST /x HTTP/1.0\r\nHost: "));
  dialogue.server.expect("body");
  EXPECT_TRUE(dialogue.answer("HTTP/1.0 200 OK\r\n\r\n").value().will_close());
}

TEST(ClientRequest, NoChunksInHttp10) {
  Options options = patient();
  options.version = {1, 0};
  Dialogue dialogue(options);
  EXPECT_THAT(dialogue.client.request("POST", "/", Body::generated(pieces({"one"}))),
              FailsAt(Stage::send, http::Error::transfer_encoding_in_http10));
  EXPECT_FALSE(dialogue.origin.has_connection());
}

/// A byte that would end a line, or a string, smuggled into a part of the head.
class ClientRequestInjection : public testing::TestWithParam<char> {};

TEST_P(ClientRequestInjection, IsRefusedBeforeAConnectionIsOpened) {
  const std::string bad = std::string("a") + GetParam() + "b";
  Dialogue dialogue;
  BlockingConnection& client = dialogue.client;
  EXPECT_THAT(client.request(bad, "/"), FailsAt(Stage::send, http::Error::bad_method));
  EXPECT_THAT(client.request("GET", "/" + bad), FailsAt(Stage::send, http::Error::bad_target));
  EXPECT_THAT(client.request("GET", "/", {}, {{bad, "value"}}),
              FailsAt(Stage::send, http::Error::bad_field_name));
  EXPECT_THAT(client.request("GET", "/", {}, {{"Name", bad}}),
              FailsAt(Stage::send, http::Error::bad_field_value));
  EXPECT_FALSE(dialogue.origin.has_connection());
  // And none of them is in the way of the next request.
  EXPECT_TRUE(dialogue.ask().starts_with("GET / HTTP/1.1\r\n"));
}

INSTANTIATE_TEST_SUITE_P(Bytes, ClientRequestInjection, testing::Values('\r', '\n', '\0'),
                         [](const auto& byte) {
                           return byte.param == '\r' ? "Cr" : byte.param == '\n' ? "Lf" : "Nul";
                         });

TEST(ClientRequest, BadMethodsTargetsAndNames) {
  Dialogue dialogue;
  BlockingConnection& client = dialogue.client;
  EXPECT_THAT(client.request("", "/"), FailsWith(http::Error::bad_method));
  EXPECT_THAT(client.request("G ET", "/"), FailsWith(http::Error::bad_method));
  EXPECT_THAT(client.request("GET", ""), FailsWith(http::Error::bad_target));
  EXPECT_THAT(client.request("GET", "/a b"), FailsWith(http::Error::bad_target));
  EXPECT_THAT(client.request("GET", "/", {}, {{"", "v"}}), FailsWith(http::Error::bad_field_name));
  EXPECT_THAT(client.request("GET", "/", {}, {{"Na me", "v"}}),
              FailsWith(http::Error::bad_field_name));
  EXPECT_THAT(client.request("GET", "/", {}, {{"Name:", "v"}}),
              FailsWith(http::Error::bad_field_name));
  EXPECT_FALSE(dialogue.origin.has_connection());
}

struct BadUrl {
  const char* name;
  const char* url;
  http::Error error;
};
void PrintTo(const BadUrl& bad, std::ostream* out) { *out << bad.url; }

class ClientUrl : public testing::TestWithParam<BadUrl> {};

TEST_P(ClientUrl, IsRefused) {
  EXPECT_THAT(BlockingConnection::to(GetParam().url), FailsWith(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, ClientUrl,
    testing::Values(BadUrl{"Empty", "", http::Error::bad_url},
                    BadUrl{"NoScheme", "example.test", http::Error::bad_url},
                    BadUrl{"Ftp", "ftp://example.test/", http::Error::unsupported_scheme},
                    BadUrl{"NoHost", "http://", http::Error::bad_host},
                    BadUrl{"NoHostButPort", "http://:80", http::Error::bad_host},
                    BadUrl{"PortTooLarge", "http://example.test:65536", http::Error::bad_host},
                    BadUrl{"PortNoNumber", "http://example.test:http", http::Error::bad_host},
                    BadUrl{"PortNegative", "http://example.test:-1", http::Error::bad_host},
                    BadUrl{"Space", "http://exa mple.test", http::Error::bad_url},
                    BadUrl{"LineBreak", "http://example.test\r\nX: y", http::Error::bad_url},
                    BadUrl{"OpenBracket", "http://[::1", http::Error::bad_host},
                    BadUrl{"NoAddressInBrackets", "http://[zz]", http::Error::bad_host},
                    BadUrl{"User", "http://u:p@example.test", http::Error::userinfo_in_target}),
    [](const auto& bad) { return bad.param.name; });

TEST(ClientUrl, PathIsNotLookedAt) {
  EXPECT_THAT(BlockingConnection::to("http://example.test/a/b?c"), Succeeds());
}

}  // namespace
}  // namespace tapedeck::client
