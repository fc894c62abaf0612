#include <functional>
#include <gtest/gtest.h>

#include "tests/client/dialogue.hpp"

namespace tapedeck::client {
namespace {

using test::field;

TEST(ClientStepwise, WithALength) {
  Dialogue dialogue;
  BlockingConnection& client = dialogue.client;
  client.begin("PUT", "/x").value();
  client.header("Content-Length", "6").value();
  client.end_headers().value();
  client.send("abc").value();
  client.send("").value();
  client.send("def").value();
  client.finish().value();
  dialogue.accept();
  dialogue.server.expect("PUT /x HTTP/1.1\r\nHost: " + dialogue.origin.authority() +
                         "\r\nAccept-Encoding: identity\r\nContent-Length: 6\r\n\r\nabcdef");
  EXPECT_EQ(dialogue.answer("HTTP/1.1 201 Created\r\n\r\n").value().status(), 201);
}

TEST(ClientStepwise, HeadIsSentBeforeTheBodyIsKnown) {
  Dialogue dialogue;
  dialogue.client.begin("POST", "/").value();
  dialogue.client.header("Content-Length", "2").value();
  dialogue.client.end_headers().value();
  dialogue.accept();
  EXPECT_EQ(field(dialogue.server.read_head(), "Content-Length"), "2");
  dialogue.client.send("a").value();
  dialogue.server.expect("a");
}

TEST(ClientStepwise, ChunkedWithTrailers) {
  Dialogue dialogue;
  BlockingConnection& client = dialogue.client;
  client.begin("POST", "/").value();
  client.header("Transfer-Encoding", "chunked").value();
  client.header("Trailer", "X-Sum").value();
  client.end_headers().value();
  client.send("one").value();
  client.send("0123456789abcdef").value();
  client.finish({{"X-Sum", "42"}}).value();
  dialogue.accept();
  EXPECT_EQ(field(dialogue.server.read_head(), "Transfer-Encoding"), "chunked");
  dialogue.server.expect("3\r\none\r\n10\r\n0123456789abcdef\r\n0\r\nX-Sum: 42\r\n\r\n");
}

TEST(ClientStepwise, TrailersAreNotSentWithALength) {
  Dialogue dialogue;
  dialogue.client.begin("POST", "/").value();
  dialogue.client.header("Content-Length", "0").value();
  dialogue.client.end_headers().value();
  dialogue.client.finish({{"X-Sum", "42"}}).value();
  dialogue.accept();
  (void)dialogue.server.read_head();
  dialogue.client.close();
  EXPECT_EQ(dialogue.server.read_until_close(), "");
}

TEST(ClientStepwise, TrailersAreChecked) {
  Dialogue dialogue;
  dialogue.client.begin("POST", "/").value();
  dialogue.client.header("Transfer-Encoding", "chunked").value();
  dialogue.client.end_headers().value();
  EXPECT_THAT(dialogue.client.finish({{"X", "a\r\nb"}}),
              FailsAt(Stage::send, http::Error::bad_field_value));
}

TEST(ClientStepwise, NoBody) {
  Dialogue dialogue;
  dialogue.client.begin("GET", "/").value();
  dialogue.client.end_headers().value();
  dialogue.client.finish().value();
  dialogue.accept();
  EXPECT_EQ(field(dialogue.server.read_head(), "Content-Length"), "(absent)");
}

TEST(ClientStepwise, AutomaticFieldsCanBeLeftOut) {
  Dialogue dialogue;
  dialogue.client.begin("GET", "/", {.host = false, .accept_encoding = false}).value();
  dialogue.client.header("hOST", "mine.test").value();
  dialogue.client.end_headers().value();
  dialogue.client.finish().value();
  dialogue.accept();
  EXPECT_EQ(dialogue.server.read_head(), "GET / HTTP/1.1\r\nhOST: mine.test\r\n\r\n");
}

TEST(ClientStepwise, BodyMayNotBreakItsWord) {
  Dialogue longer;
  longer.client.begin("POST", "/").value();
  longer.client.header("Content-Length", "2").value();
  longer.client.end_headers().value();
  EXPECT_THAT(longer.client.send("abc"), FailsWith(http::Error::body_longer_than_declared));

  Dialogue shorter;
  shorter.client.begin("POST", "/").value();
  shorter.client.header("Content-Length", "2").value();
  shorter.client.end_headers().value();
  shorter.client.send("a").value();
  EXPECT_THAT(shorter.client.finish(), FailsWith(http::Error::body_shorter_than_declared));
  // The server learns of it by the end of the connection.
  shorter.accept();
  (void)shorter.server.read_head();
  EXPECT_EQ(shorter.server.read_until_end(), "a");
}

TEST(ClientStepwise, BodyWithoutFramingIsRefused) {
  Dialogue dialogue;
  dialogue.client.begin("POST", "/").value();
  dialogue.client.end_headers().value();
  EXPECT_THAT(dialogue.client.send("a"), FailsWith(http::Error::body_longer_than_declared));
}

/// Where an exchange stands, and the error of each step that is out of turn there.
struct Standing {
  const char* name;
  std::vector<std::string> steps;
  std::optional<Error> begin;
  std::optional<Error> header;
  std::optional<Error> end_headers;
  std::optional<Error> send;
  std::optional<Error> finish;
  std::optional<Error> get_response;
};
void PrintTo(const Standing& standing, std::ostream* out) { *out << standing.name; }

Result<void> take(const std::string& step, Dialogue& dialogue) {
  BlockingConnection& client = dialogue.client;
  if (step == "begin") return client.begin("POST", "/");
  if (step == "header") return client.header("Transfer-Encoding", "chunked");
  if (step == "end_headers") return client.end_headers();
  if (step == "send") return client.send("piece");
  if (step == "finish") return client.finish();
  auto response = client.get_response();
  if (!response) return std::move(response).error();
  return {};
}

class ClientStepOrder : public testing::TestWithParam<Standing> {
 protected:
  void expect(const std::string& step, std::optional<Error> error) {
    if (!error) return;
    Dialogue dialogue;
    for (const std::string& before : GetParam().steps) {
      if (before == "get_response") {
        dialogue.accept();
        dialogue.server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      }
      ASSERT_THAT(take(before, dialogue), Succeeds()) << before;
    }
    EXPECT_THAT(take(step, dialogue), FailsWith(*error)) << step;
  }
};

TEST_P(ClientStepOrder, IsKept) {
  expect("begin", GetParam().begin);
  expect("header", GetParam().header);
  expect("end_headers", GetParam().end_headers);
  expect("send", GetParam().send);
  expect("finish", GetParam().finish);
  expect("get_response", GetParam().get_response);
}

constexpr auto kRequest = Error::cannot_send_request;
constexpr auto kHeader = Error::cannot_send_header;
constexpr auto kBody = Error::cannot_send_body;
constexpr auto kResponse = Error::response_not_ready;

INSTANTIATE_TEST_SUITE_P(
    After, ClientStepOrder,
    testing::Values(Standing{"Nothing", {}, {}, kHeader, kHeader, kBody, kBody, kResponse},
                    Standing{"Begin", {"begin"}, kRequest, {}, {}, kBody, kBody, kResponse},
                    Standing{
                        "Header", {"begin", "header"}, kRequest, {}, {}, kBody, kBody, kResponse},
                    Standing{"EndHeaders",
                             {"begin", "header", "end_headers"},
                             kRequest,
                             kHeader,
                             kHeader,
                             {},
                             {},
                             kResponse},
                    Standing{"Send",
                             {"begin", "header", "end_headers", "send"},
                             kRequest,
                             kHeader,
                             kHeader,
                             {},
                             {},
                             kResponse},
                    Standing{"Finish",
                             {"begin", "header", "end_headers", "send", "finish"},
                             kRequest,
                             kHeader,
                             kHeader,
                             kBody,
                             kBody,
                             {}},
                    Standing{"Response",
                             {"begin", "header", "end_headers", "finish", "get_response"},
                             {},
                             kHeader,
                             kHeader,
                             kBody,
                             kBody,
                             kResponse}),
    [](const auto& standing) { return standing.param.name; });

TEST(ClientStepwise, AStepOutOfTurnChangesNothing) {
  Dialogue dialogue;
  BlockingConnection& client = dialogue.client;
  client.begin("POST", "/").value();
  EXPECT_THAT(client.send("early"), FailsAt(Stage::send, Error::cannot_send_body));
  EXPECT_THAT(client.begin("GET", "/other"), FailsAt(Stage::send, Error::cannot_send_request));
  EXPECT_THAT(client.request("GET", "/other"), FailsAt(Stage::send, Error::cannot_send_request));
  client.header("Content-Length", "4").value();
  client.end_headers().value();
  EXPECT_THAT(client.header("Late", "x"), FailsAt(Stage::send, Error::cannot_send_header));
  client.send("body").value();
  client.finish().value();
  dialogue.accept();
  const std::string head = dialogue.server.read_head();
  EXPECT_TRUE(head.starts_with("POST / ")) << head;
  EXPECT_EQ(field(head, "Late"), "(absent)");
  dialogue.server.expect("body");
  EXPECT_EQ(dialogue.answer("HTTP/1.1 204 No Content\r\n\r\n").value().status(), 204);
}

TEST(ClientStepwise, CloseForgetsTheRequest) {
  Dialogue dialogue;
  dialogue.client.begin("POST", "/").value();
  dialogue.client.close();
  EXPECT_THAT(dialogue.client.end_headers(), FailsWith(Error::cannot_send_header));
  EXPECT_TRUE(dialogue.ask("GET", "/next").starts_with("GET /next "));
}

}  // namespace
}  // namespace tapedeck::client
