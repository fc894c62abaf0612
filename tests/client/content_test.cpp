#include <gtest/gtest.h>
#include <stdexcept>
#include <zlib.h>

#include "tests/client/dialogue.hpp"

namespace tapedeck::client {
namespace {

constexpr int kGzip = 16 + MAX_WBITS;

std::string compressed(const std::string& text, int window_bits = kGzip) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string answer_of(const std::string& body, const std::string& coding = "gzip") {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: " + coding +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string numbers(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::to_string(i * 7919) + "\n";
  return text;
}

TEST(ClientContent, IsLeftAloneUnlessAskedFor) {
  const std::string body = compressed("text");
  Dialogue dialogue;
  EXPECT_THAT(dialogue.exchange(answer_of(body)).read(), Gives(body));
}

TEST(ClientContent, Gzip) {
  const std::string text = numbers(20'000);
  const std::string body = compressed(text);
  ASSERT_LT(body.size(), text.size());
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of(body));
  response.decode_content().value();
  EXPECT_EQ(response.expected(), body.size());
  EXPECT_THAT(response.read(), Gives(text));
  EXPECT_TRUE(response.closed());
  EXPECT_THAT(response.read(), Gives(std::string()));
  (void)dialogue.exchange(answer_of(body));
  EXPECT_EQ(dialogue.connections, 1);
}

TEST(ClientContent, ReadsAsAnyOther) {
  const std::string text = numbers(1'000);
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of(compressed(text)));
  response.decode_content().value();
  EXPECT_THAT(response.read_line(), Gives(std::string("0\n")));
  EXPECT_THAT(response.peek(3), Gives(std::string_view("791")));
  EXPECT_THAT(response.read(5), Gives(std::string("7919\n")));
  std::string rest;
  for (const std::string& line : response.lines()) rest += line;
  EXPECT_EQ("0\n7919\n" + rest, text);
}

TEST(ClientContent, InChunksThatKnowNothingOfIt) {
  const std::string text = numbers(100);
  std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char byte : compressed(text)) answer += std::string("1\r\n") + byte + "\r\n";
  Dialogue dialogue;
  auto response = dialogue.exchange(answer + "0\r\nX-Sum: 1\r\n\r\n");
  response.decode_content().value();
  EXPECT_THAT(response.read(), Gives(text));
  EXPECT_EQ(response.trailers().get("X-Sum"), "1");
}

TEST(ClientContent, OtherCodings) {
  const auto decoded = [](const std::string& body, const std::string& coding) {
    Dialogue dialogue;
    auto response = dialogue.exchange(answer_of(body, coding));
    response.decode_content().value();
    return response.read();
  };
  EXPECT_THAT(decoded("text", "identity"), Gives(std::string("text")));
  EXPECT_THAT(decoded(compressed("text"), "X-GZIP"), Gives(std::string("text")));
  EXPECT_THAT(decoded(compressed("text", MAX_WBITS), "deflate"), Gives(std::string("text")));
  EXPECT_THAT(decoded(compressed("text", -MAX_WBITS), "deflate"), Gives(std::string("text")));
  EXPECT_THAT(decoded(compressed(compressed("text", MAX_WBITS)), "deflate, gzip"),
              Gives(std::string("text")));
}

TEST(ClientContent, NothingToDecode) {
  Dialogue dialogue;
  auto plain = dialogue.exchange("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntext");
  EXPECT_THAT(plain.decode_content(), Succeeds());
  EXPECT_THAT(plain.read(), Gives(std::string("text")));
  (void)dialogue.ask("HEAD");
  auto head = dialogue.answer(answer_of("").replace(0, 15, "HTTP/1.1 200 OK")).value();
  EXPECT_THAT(head.decode_content(), Succeeds());
  EXPECT_THAT(head.read(), Gives(std::string()));
}

TEST(ClientContent, UnknownCodingChangesNothing) {
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of("text", "compress"));
  const auto failed = response.decode_content();
  EXPECT_THAT(failed, FailsAt(Stage::receive, http::Error::bad_content_coding));
  EXPECT_THAT(failure_text(failed), HasSubstr("compress"));
  EXPECT_THAT(response.read(), Gives(std::string("text")));
}

TEST(ClientContent, NotAfterReadingBegan) {
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of(compressed("text")));
  (void)response.read(1);
  EXPECT_THAT(response.decode_content(), FailsAt(Stage::receive, Error::response_not_ready));
}

TEST(ClientContent, CodedBodyCutShort) {
  const std::string body = compressed(numbers(1'000));
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of(body.substr(0, body.size() - 9)));
  response.decode_content().value();
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, http::Error::bad_content_coding));
  EXPECT_FALSE(response.partial().empty());
  EXPECT_THAT(response.read(), FailsWith(http::Error::bad_content_coding));
}

TEST(ClientContent, MessageCutShort) {
  const std::string body = compressed(numbers(1'000));
  std::string answer = answer_of(body);
  answer.resize(answer.size() - 9);
  Dialogue dialogue;
  auto response = dialogue.exchange(answer);
  dialogue.server.shutdown();
  response.decode_content().value();
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, http::Error::incomplete_body));
  EXPECT_TRUE(numbers(1'000).starts_with(response.partial()));
  EXPECT_FALSE(response.partial().empty());
}

TEST(ClientContent, NotWhatItIsSaidToBe) {
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of("this is no gzip"));
  response.decode_content().value();
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, http::Error::bad_content_coding));
}

TEST(ClientContent, WrongChecksum) {
  std::string body = compressed(numbers(10));
  body[body.size() - 6] = static_cast<char>(body[body.size() - 6] ^ 1);
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of(body));
  response.decode_content().value();
  EXPECT_THAT(response.read(), FailsAt(Stage::receive, http::Error::bad_content_coding));
}

// Bombs.

TEST(ClientContent, OutputIsBounded) {
  const std::string body = compressed(std::string(100'000, 'x'));
  const auto decoded = [&](std::uint64_t max_output) {
    Dialogue dialogue;
    auto response = dialogue.exchange(answer_of(body));
    response.decode_content({.max_output = max_output}).value();
    return response.read();
  };
  EXPECT_THAT(decoded(100'000), Gives(std::string(100'000, 'x')));
  EXPECT_THAT(decoded(99'999), FailsAt(Stage::receive, http::Error::content_too_large));
  EXPECT_THAT(decoded(99'999), FailsWith(Condition::too_large));
}

TEST(ClientContent, RatioIsBounded) {
  const std::string body = compressed(std::string(4 << 20, 'x'));
  const auto decoded = [&](std::uint64_t max_ratio) {
    Dialogue dialogue;
    auto response = dialogue.exchange(answer_of(body));
    response.decode_content({.max_ratio = max_ratio}).value();
    return response.read();
  };
  EXPECT_THAT(decoded(2'000), Succeeds());
  EXPECT_THAT(decoded(100), FailsAt(Stage::receive, http::Error::content_too_large));
}

TEST(ClientContent, LayersAreBounded) {
  Dialogue dialogue;
  auto response = dialogue.exchange(answer_of("x", "gzip, gzip, gzip"));
  EXPECT_THAT(response.decode_content({.max_layers = 2}),
              FailsWith(http::Error::content_too_large));
}

TEST(ClientContent, DecodedTextCountsTowardsMaxBody) {
  Options options = patient();
  options.max_body = 1'000;
  Dialogue dialogue(options);
  auto response = dialogue.exchange(answer_of(compressed(std::string(1'001, 'x'))));
  response.decode_content().value();
  EXPECT_THAT(response.read(), FailsWith(http::Error::content_too_large));
}

}  // namespace
}  // namespace tapedeck::client
