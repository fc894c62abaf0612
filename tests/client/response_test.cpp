#include <array>
#include <future>
#include <gtest/gtest.h>

#include "tests/client/dialogue.hpp"

namespace tapedeck::client {
namespace {

constexpr std::string_view kTen = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n6;x=y\r\nefghij\r\n0\r\n";

TEST(ClientResponse, Head) {
  Dialogue dialogue;
  const auto response = dialogue.exchange(
      "HTTP/1.1 207 Multi  Status\r\nX-B: 2\r\nset-cookie: a\r\nX-A: 1\r\nSet-Cookie: b\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(response.status(), 207);
  EXPECT_EQ(response.reason(), "Multi  Status");
  EXPECT_EQ(response.version(), http::kHttp11);
  std::vector<std::string> lines;
  for (const auto& [name, value] : response.headers()) {
    lines.push_back(std::string(name) + "=" + std::string(value));
  }
  EXPECT_THAT(lines,
              ElementsAre("X-B=2", "set-cookie=a", "X-A=1", "Set-Cookie=b", "Content-Length=0"));
  EXPECT_EQ(response.header("SET-COOKIE"), "a, b");
  EXPECT_EQ(response.header("x-a", "unused"), "1");
  EXPECT_EQ(response.header("absent"), "");
  EXPECT_EQ(response.header("absent", "otherwise"), "otherwise");
}

TEST(ClientResponse, ReasonMayBeEmpty) {
  Dialogue dialogue;
  EXPECT_EQ(dialogue.exchange("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n").reason(), "");
}

TEST(ClientResponse, WillClose) {
  const auto will_close = [](std::string_view bytes) {
    Dialogue dialogue;
    return dialogue.exchange(bytes).will_close();
  };
  EXPECT_FALSE(will_close("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(will_close("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  EXPECT_TRUE(will_close("HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_TRUE(will_close("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(
      will_close("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"));
}

TEST(ClientResponse, Http10) {
  Dialogue dialogue;
  auto response = dialogue.exchange("HTTP/1.0 200 OK\r\n\r\nold");
  EXPECT_EQ(response.version(), (http::Version{1, 0}));
  dialogue.server.shutdown();
  EXPECT_THAT(response.read(), Gives(std::string("old")));
}

TEST(ClientResponse, ReadAll) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "0123456789");
  EXPECT_EQ(response.expected(), 10U);
  EXPECT_FALSE(response.closed());
  EXPECT_THAT(response.read(), Gives(std::string("0123456789")));
  EXPECT_TRUE(response.closed());
  EXPECT_THAT(response.read(), Gives(std::string()));
}

TEST(ClientResponse, ReadSize) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "0123");
  EXPECT_THAT(response.read(0), Gives(std::string()));
  EXPECT_THAT(response.read(3), Gives(std::string("012")));
  dialogue.server.send("456789");
  EXPECT_THAT(response.read(4), Gives(std::string("3456")));
  EXPECT_FALSE(response.closed());
  EXPECT_THAT(response.read(3), Gives(std::string("789")));
  EXPECT_TRUE(response.closed());
  EXPECT_THAT(response.read(1), Gives(std::string()));
}

TEST(ClientResponse, ReadSizeGivesLessAtTheEndOnly) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "0123456789");
  EXPECT_THAT(response.read(100), Gives(std::string("0123456789")));
}

TEST(ClientResponse, ReadSomeGivesWhatIsThere) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "0123");
  EXPECT_THAT(response.read_some(), Gives(std::string_view("0123")));
  dialogue.server.send("456789");
  EXPECT_THAT(response.read_some(2), Gives(std::string_view("45")));
  EXPECT_THAT(response.read_some(), Gives(std::string_view("6789")));
  EXPECT_THAT(response.read_some(), Gives(std::string_view()));
}

TEST(ClientResponse, ReadInto) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "0123456789");
  std::array<char, 7> room{};
  EXPECT_THAT(response.read_into(room), Gives(7U));
  EXPECT_EQ(std::string_view(room.data(), 7), "0123456");
  EXPECT_THAT(response.read_into(room), Gives(3U));
  EXPECT_EQ(std::string_view(room.data(), 3), "789");
  EXPECT_TRUE(response.closed());
  EXPECT_THAT(response.read_into(room), Gives(0U));
}

TEST(ClientResponse, PeekLeavesTheBytes) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "0123456789");
  EXPECT_THAT(response.peek(4), Gives(std::string_view("0123")));
  EXPECT_THAT(response.peek(), Gives(std::string_view("0123456789")));
  EXPECT_FALSE(response.closed());
  EXPECT_THAT(response.read(), Gives(std::string("0123456789")));
  EXPECT_THAT(response.peek(), Gives(std::string_view()));
}

TEST(ClientResponse, ReadLine) {
  Dialogue dialogue;
  auto response = dialogue.exchange(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "7\r\none\ntwo\r\n5\r\n\r\n\nla\r\n2\r\nst\r\n0\r\n\r\n");
  EXPECT_THAT(response.read_line(), Gives(std::string("one\n")));
  EXPECT_THAT(response.read_line(), Gives(std::string("two\r\n")));
  EXPECT_THAT(response.read_line(), Gives(std::string("\n")));
  EXPECT_THAT(response.read_line(), Gives(std::string("last")));
  EXPECT_THAT(response.read_line(), Gives(std::string()));
  EXPECT_TRUE(response.closed());
}

TEST(ClientResponse, ReadsMix) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "01\n3456789");
  EXPECT_THAT(response.read(1), Gives(std::string("0")));
  EXPECT_THAT(response.read_line(), Gives(std::string("1\n")));
  EXPECT_THAT(response.peek(2), Gives(std::string_view("34")));
  EXPECT_THAT(response.read_some(3), Gives(std::string_view("345")));
  EXPECT_THAT(response.read(), Gives(std::string("6789")));
}

TEST(ClientResponse, Lines) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "one\n\nthree");
  std::vector<std::string> lines;
  for (const std::string& line : response.lines()) lines.push_back(line);
  EXPECT_THAT(lines, ElementsAre("one\n", "\n", "three"));
}

TEST(ClientResponse, LinesThrowWhereABodyBreaksOff) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kTen) + "one\ntw");
  dialogue.server.shutdown();
  std::vector<std::string> lines;
  const auto walk = [&] {
    for (const std::string& line : response.lines()) lines.push_back(line);
  };
  EXPECT_THROW(walk(), FailureError);
  EXPECT_THAT(lines, ElementsAre("one\n"));
  EXPECT_EQ(response.partial(), "tw");
}

TEST(ClientResponse, Trailers) {
  Dialogue dialogue;
  auto response = dialogue.exchange(std::string(kChunked) + "X-Sum: 42\r\nX-Sum: 43\r\n\r\n");
  EXPECT_EQ(response.expected(), std::nullopt);
  EXPECT_TRUE(response.trailers().empty());
  EXPECT_THAT(response.read(), Gives(std::string("abcdefghij")));
  EXPECT_EQ(response.trailers().joined("x-sum"), "42, 43");
  EXPECT_EQ(response.header("X-Sum"), "");
}

/// Answers that have no body whatever they announce; the connection serves on.
TEST(ClientResponse, NoBody) {
  const auto expect_none = [](std::string_view method, const std::string& head) {
    Dialogue dialogue;
    (void)dialogue.ask(method);
    auto response = dialogue.answer(head).value();
    EXPECT_TRUE(response.closed()) << head;
    EXPECT_THAT(response.read(), Gives(std::string())) << head;
    EXPECT_TRUE(dialogue.client.is_open()) << head;
    EXPECT_EQ(dialogue.exchange("HTTP/1.1 201 \r\nContent-Length: 0\r\n\r\n").status(), 201);
    EXPECT_FALSE(dialogue.origin.has_connection());
  };
  expect_none("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  expect_none("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  expect_none("HEAD", "HTTP/1.1 200 OK\r\n\r\n");
  expect_none("GET", "HTTP/1.1 204 No Content\r\n\r\n");
  expect_none("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n");
  expect_none("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST(ClientResponse, BodyUntilTheConnectionCloses) {
  Dialogue dialogue;
  auto response = dialogue.exchange("HTTP/1.1 200 OK\r\n\r\nall of ");
  EXPECT_EQ(response.expected(), std::nullopt);
  EXPECT_THAT(response.read(7), Gives(std::string("all of ")));
  EXPECT_FALSE(response.closed());
  dialogue.server.send("it");
  dialogue.server.shutdown();
  EXPECT_THAT(response.read(), Gives(std::string("it")));
  EXPECT_TRUE(response.closed());
}

TEST(ClientResponse, InterimResponsesArePassedOver) {
  Dialogue dialogue;
  auto response = dialogue.exchange(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
      "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.header("Link", "none"), "none");
  EXPECT_THAT(response.read(), Gives(std::string("ok")));
}

TEST(ClientResponse, InterimResponsesWithoutEndAreNot) {
  Dialogue dialogue;
  (void)dialogue.ask();
  std::string many;
  for (int i = 0; i < 40; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_THAT(dialogue.answer(many), FailsWith(http::Error::too_many_interim_responses));
}

// Bodies that break off.

struct Broken {
  const char* name;
  std::string bytes;
  bool reset;
  std::optional<std::uint64_t> expected;
};
void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.name; }

class ClientIncompleteBody : public testing::TestWithParam<Broken> {
 protected:
  ClientIncompleteBody() : response_(dialogue_.exchange(GetParam().bytes)) {
    response_.peek().value();  // it has arrived, before an RST might overtake it
    GetParam().reset ? dialogue_.server.reset() : dialogue_.server.shutdown();
  }
  Dialogue dialogue_;
  BlockingResponse response_;
};

TEST_P(ClientIncompleteBody, IsNeverTakenForAWholeOne) {
  const auto failed = response_.read();
  EXPECT_THAT(failed, FailsAt(Stage::receive, http::Error::incomplete_body));
  EXPECT_THAT(failed, FailsWith(Condition::truncated));
  EXPECT_EQ(response_.partial(), "abcd");
  EXPECT_EQ(response_.expected(), GetParam().expected);
  EXPECT_FALSE(response_.closed());
  EXPECT_FALSE(dialogue_.client.is_open());
  EXPECT_THAT(response_.read(), FailsAt(Stage::receive, http::Error::incomplete_body));
}

TEST_P(ClientIncompleteBody, WhatCameCanBeRead) {
  EXPECT_THAT(response_.read(3), Gives(std::string("abc")));
  EXPECT_THAT(response_.read(3), FailsAt(Stage::receive, http::Error::incomplete_body));
  EXPECT_EQ(response_.partial(), "d");
}

TEST_P(ClientIncompleteBody, LeavesTheConnectionToTheNextRequest) {
  EXPECT_THAT(response_.read(), FailsWith(http::Error::incomplete_body));
  dialogue_.client.request("GET", "/next").value();
  dialogue_.accept();
  EXPECT_TRUE(dialogue_.server.read_head().starts_with("GET /next "));
}

const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
INSTANTIATE_TEST_SUITE_P(
    At, ClientIncompleteBody,
    testing::Values(Broken{"Length", std::string(kTen) + "abcd", false, 10},
                    Broken{"LengthReset", std::string(kTen) + "abcd", true, 10},
                    Broken{"Chunk", kChunkedHead + "a\r\nabcd", false, {}},
                    Broken{"ChunkReset", kChunkedHead + "a\r\nabcd", true, {}},
                    Broken{"ChunkEnd", kChunkedHead + "4\r\nabcd", false, {}},
                    Broken{"BetweenChunks", kChunkedHead + "4\r\nabcd\r\n", false, {}},
                    Broken{"ChunkLine", kChunkedHead + "4\r\nabcd\r\n1", false, {}},
                    Broken{"LastChunk", kChunkedHead + "4\r\nabcd\r\n0\r\n", false, {}},
                    Broken{"Trailers", kChunkedHead + "4\r\nabcd\r\n0\r\nX: y\r\n", false, {}},
                    Broken{"UntilCloseReset", "HTTP/1.1 200 OK\r\n\r\nabcd", true, {}}),
    [](const auto& broken) { return broken.param.name; });

TEST(ClientResponse, BadChunksAreAnError) {
  Dialogue dialogue;
  auto response = dialogue.exchange(kChunkedHead + "4\r\nabcd\r\nzz\r\n");
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, http::Error::bad_chunk_size));
  EXPECT_EQ(response.partial(), "abcd");
}

// Heads that are none.

struct BadHead {
  const char* name;
  std::string bytes;
  http::Error error;
};
void PrintTo(const BadHead& bad, std::ostream* out) { *out << bad.name; }

std::string many_fields(std::size_t count) {
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i < count; ++i) bytes += "X: y\r\n";
  return bytes + "\r\n";
}

class ClientBadHead : public testing::TestWithParam<BadHead> {};

TEST_P(ClientBadHead, IsAnError) {
  Dialogue dialogue;
  (void)dialogue.ask();
  dialogue.server.send(GetParam().bytes);
  dialogue.server.shutdown();
  EXPECT_THAT(dialogue.client.get_response(), FailsAt(Stage::wait, GetParam().error));
  EXPECT_FALSE(dialogue.client.is_open());
  dialogue.server.expect_end();
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";
INSTANTIATE_TEST_SUITE_P(
    Of, ClientBadHead,
    testing::Values(
        BadHead{"Nothing", "", http::Error::connection_closed},
        BadHead{"Part", "HTTP/1.1 200 OK\r\nX", http::Error::incomplete_head},
        BadHead{"InterimOnly", "HTTP/1.1 100 Continue\r\n\r\n", http::Error::incomplete_head},
        BadHead{"Garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", http::Error::bad_status_line},
        BadHead{"StatusNoNumber", "HTTP/1.1 abc OK\r\n\r\n", http::Error::bad_status_line},
        BadHead{"StatusTooShort", "HTTP/1.1 20 OK\r\n\r\n", http::Error::bad_status_line},
        BadHead{"StatusTooLong", "HTTP/1.1 2000 OK\r\n\r\n", http::Error::bad_status_line},
        BadHead{"StatusTooSmall", "HTTP/1.1 099 OK\r\n\r\n", http::Error::bad_status_line},
        BadHead{"Version2", "HTTP/2.0 200 OK\r\n\r\n", http::Error::unsupported_version},
        BadHead{"VersionNoNumber", "HTTP/x.y 200 OK\r\n\r\n", http::Error::bad_version},
        BadHead{"NoColon", kOk + "Field\r\n\r\n", http::Error::bad_field_name},
        BadHead{"NulInValue", kOk + std::string("X: a\0b\r\n\r\n", 10),
                http::Error::bad_field_value},
        BadHead{"LineTooLong", "HTTP/1.1 200 " + std::string(20'000, 'x') + "\r\n\r\n",
                http::Error::start_line_too_long},
        BadHead{"HeadTooLarge", kOk + "X: " + std::string(70'000, 'x') + "\r\n\r\n",
                http::Error::head_too_large},
        BadHead{"TooManyFields", many_fields(201), http::Error::too_many_fields},
        BadHead{"UnknownCoding", kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n",
                http::Error::unknown_transfer_coding},
        BadHead{"LengthAndChunked", kOk + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                http::Error::content_length_with_transfer_encoding},
        BadHead{"LengthNoNumber", kOk + "Content-Length: ten\r\n\r\n",
                http::Error::bad_content_length},
        BadHead{"LengthNegative", kOk + "Content-Length: -1\r\n\r\n",
                http::Error::bad_content_length},
        BadHead{"LengthTwice", kOk + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
                http::Error::repeated_content_length}),
    [](const auto& bad) { return bad.param.name; });

TEST(ClientResponse, LimitsAreOptions) {
  Options options = patient();
  options.limits.max_fields = 2;
  Dialogue dialogue(options);
  (void)dialogue.ask();
  EXPECT_THAT(dialogue.answer(many_fields(3)), FailsWith(http::Error::too_many_fields));
}

// max_body

TEST(ClientResponse, ReadHoldsMaxBodyAtMost) {
  Options options = patient();
  options.max_body = 9;
  Dialogue dialogue(options);
  auto response = dialogue.exchange(std::string(kTen) + "0123456789");
  const auto failed = response.read();
  EXPECT_THAT(failed, FailsAt(Stage::receive, http::Error::content_too_large));
  EXPECT_THAT(failed, FailsWith(Condition::too_large));
  EXPECT_EQ(response.partial(), "012345678");
}

TEST(ClientResponse, ReadHoldsMaxBodyAtLeast) {
  Options options = patient();
  options.max_body = 10;
  Dialogue length(options);
  EXPECT_THAT(length.exchange(std::string(kTen) + "0123456789").read(),
              Gives(std::string("0123456789")));
  Dialogue chunked(options);
  EXPECT_THAT(chunked.exchange(std::string(kChunked) + "\r\n").read(),
              Gives(std::string("abcdefghij")));
}

/// Whether a body fits does not depend on when its end arrives.
TEST(ClientResponse, BodyOfMaxBodyWhoseEndComesLater) {
  Options options = patient();
  options.max_body = 10;
  Dialogue chunked(options);
  auto response = chunked.exchange(kChunkedHead + "a\r\n0123456789\r\n");
  chunked.server.send("0\r\n\r\n");
  EXPECT_THAT(response.read(), Gives(std::string("0123456789")));
  Dialogue line(options);
  response = line.exchange("HTTP/1.1 200 OK\r\n\r\n0123456789");
  line.server.shutdown();
  EXPECT_THAT(response.read_line(), Gives(std::string("0123456789")));
}

TEST(ClientResponse, LineOfMoreThanMaxBody) {
  Options options = patient();
  options.max_body = 5;
  Dialogue dialogue(options);
  auto response = dialogue.exchange(std::string(kTen) + "abc\n456789");
  EXPECT_THAT(response.read_line(), Gives(std::string("abc\n")));
  EXPECT_THAT(response.read_line(), FailsAt(Stage::receive, http::Error::content_too_large));
  EXPECT_EQ(response.partial(), "45678");
  Dialogue at_once(options);
  response = at_once.exchange(std::string(kTen) + "abcdefghi\n");
  EXPECT_THAT(response.read_line(), FailsAt(Stage::receive, http::Error::content_too_large));
}

TEST(ClientResponse, ReadSomeKnowsNoMaxBody) {
  Options options = patient();
  options.max_body = 5;
  Dialogue dialogue(options);
  auto response = dialogue.exchange(std::string(kTen) + "0123456789");
  EXPECT_THAT(response.read_some(), Gives(std::string_view("0123456789")));
}

// However the network cuts it.

const std::string kWhole =
    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4\r\nabcd\r\n3\r\nefg\r\n0\r\nX-Sum: 7\r\n\r\n";

void expect_whole(BlockingConnection& client) {
  auto response = client.get_response().value();
  EXPECT_EQ(response.status(), 200);
  EXPECT_THAT(response.read(), Gives(std::string("abcdefg")));
  EXPECT_EQ(response.trailers().joined("X-Sum"), "7");
  EXPECT_TRUE(response.closed());
}

TEST(ClientResponse, ArrivesByteByByte) {
  Dialogue dialogue;
  (void)dialogue.ask();
  auto client = std::async(std::launch::async, [&] { expect_whole(dialogue.client); });
  for (const char byte : kWhole) dialogue.server.send({&byte, 1});
  client.get();
}

TEST(ClientResponse, ArrivesInTwoPiecesCutAnywhere) {
  for (std::size_t cut = 1; cut < kWhole.size(); ++cut) {
    SCOPED_TRACE(cut);
    // The second piece is sent when the first was taken.
    Options options = patient();
    std::promise<void> taken;
    std::size_t seen = 0;
    options.trace = [&](const TraceEvent& event) {
      if (event.kind != TraceEvent::Kind::received) return;
      seen += event.text.size();
      if (seen == cut) taken.set_value();
    };
    Dialogue cut_one(options);
    (void)cut_one.ask();
    auto reading = std::async(std::launch::async, [&] { expect_whole(cut_one.client); });
    cut_one.server.send(std::string_view(kWhole).substr(0, cut));
    ASSERT_EQ(taken.get_future().wait_for(test::kPatience), std::future_status::ready);
    cut_one.server.send(std::string_view(kWhole).substr(cut));
    reading.get();
  }
}

TEST(ClientResponse, ArrivesInSmallBlocks) {
  for (const std::size_t block : {1U, 2U, 7U}) {
    Options options = patient();
    options.block_size = block;
    Dialogue dialogue(options);
    (void)dialogue.ask();
    dialogue.server.send(kWhole);
    expect_whole(dialogue.client);
  }
}

}  // namespace
}  // namespace tapedeck::client
