#include "client/content_decoder.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "client/http/error.hpp"

namespace tapedeck::client {
namespace {

std::string deflated(std::string_view text, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip(std::string_view text) { return deflated(text, 16 + MAX_WBITS); }

/// The decoded text, or "error: …"; the input is pushed in pieces of `step` bytes.
std::string decode(std::string_view coding, const std::string& input, std::size_t step,
                   ContentDecoder::Limits limits = {}) {
  std::string out;
  auto decoder = ContentDecoder::create(
      coding, limits, [&](std::span<const char> piece) { out.append(piece.data(), piece.size()); });
  if (!decoder) return "error: " + decoder.error().code.message();
  for (std::size_t at = 0; at < input.size(); at += step) {
    const std::string piece = input.substr(at, step);
    if (auto ok = decoder->push(piece); !ok) return "error: " + ok.error().code.message();
  }
  if (auto ok = decoder->finish(); !ok) return "error: " + ok.error().code.message();
  return out;
}

const std::string kText = "hello hello hello, said the echo";

TEST(ContentDecoder, EveryCodingInPiecesOfEverySize) {
  for (const std::size_t step : {1u, 2u, 7u, 100'000u}) {
    EXPECT_EQ(decode("", kText, step), kText);
    EXPECT_EQ(decode("identity", kText, step), kText);
    EXPECT_EQ(decode("gzip", gzip(kText), step), kText);
    EXPECT_EQ(decode("X-GZip", gzip(kText), step), kText);
    EXPECT_EQ(decode("deflate", deflated(kText, MAX_WBITS), step), kText);
    EXPECT_EQ(decode("deflate", deflated(kText, -MAX_WBITS), step), kText);
    EXPECT_EQ(decode("zstd", std::string("\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello", 14), step),
              "hello");
    EXPECT_EQ(decode("br", std::string("\x0b\x02\x80hello\x03", 9), step), "hello");
  }
}

TEST(ContentDecoder, StackedCodingsAreUndoneLastFirst) {
  const std::string stacked = gzip(deflated(kText, MAX_WBITS));
  EXPECT_EQ(decode("deflate, gzip", stacked, 3), kText);
  EXPECT_EQ(decode("gzip, deflate", stacked, 3), "error: malformed content coding");
}

TEST(ContentDecoder, SeveralGzipMembersAreOneText) {
  EXPECT_EQ(decode("gzip", gzip("one ") + gzip("two"), 5), "one two");
}

TEST(ContentDecoder, DamageAndTruncationAreErrors) {
  EXPECT_EQ(decode("gzip", "not gzip at all", 100), "error: malformed content coding");
  EXPECT_EQ(decode("br", "\xff\xff\xff\xff", 100), "error: malformed content coding");
  EXPECT_EQ(decode("zstd", "not zstd at all", 100), "error: malformed content coding");
  EXPECT_EQ(decode("snappy", "x", 100), "error: malformed content coding");
  const std::string whole = gzip(kText);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(decode("gzip", whole.substr(0, size), 100), "error: malformed content coding");
  }
  EXPECT_EQ(decode("gzip", "", 100), "");
}

TEST(ContentDecoder, ABombMeetsEachBound) {
  const std::string bomb = gzip(std::string(8u << 20, 'x'));
  EXPECT_EQ(decode("gzip", bomb, 1000).size(), 8u << 20);
  EXPECT_EQ(decode("gzip", bomb, 1000, {.max_output = 8u << 20}).size(), 8u << 20);
  EXPECT_EQ(decode("gzip", bomb, 1000, {.max_output = (8u << 20) - 1}),
            "error: decoded content too large");
  EXPECT_EQ(decode("gzip", bomb, 1000, {.max_ratio = 100}), "error: decoded content too large");
  EXPECT_EQ(decode("gzip, gzip, gzip, gzip, gzip", "", 1), "error: decoded content too large");
  // Each layer alone stays within the ratio; together they do not.
  EXPECT_EQ(decode("gzip, gzip", gzip(bomb), 1000), "error: decoded content too large");
}

}  // namespace
}  // namespace tapedeck::client
