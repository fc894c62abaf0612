#include "client/http/base64.hpp"

#include <gtest/gtest.h>

namespace tapedeck::http {
namespace {

/// The decoded bytes, or "refused at N", the text pushed in pieces of `step` characters.
std::string decoded(std::string_view text, std::size_t step) {
  Base64Decoder decoder;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) {
    if (!decoder.push(text.substr(at, step), out))
      return "refused at " + std::to_string(decoder.at());
  }
  return decoder.finish() ? out : "refused at the end";
}

TEST(Base64, GoesBothWaysHoweverItIsCut) {
  const std::pair<std::string, const char*> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {std::string("\xff\xfe\x00\xfb", 4), "//4A+w=="}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64(bytes), text);
    for (std::size_t step = 1; step <= 9; ++step) {
      EXPECT_EQ(decoded(text, step), bytes) << text << " by " << step;
      Base64Encoder encoder;
      std::string out;
      for (std::size_t at = 0; at < bytes.size(); at += step) {
        encoder.push(std::string_view(bytes).substr(at, step), out);
      }
      encoder.finish(out);
      EXPECT_EQ(out, text) << "by " << step;
    }
  }
}

TEST(Base64, RefusesWhatIsNot) {
  const std::pair<const char*, const char*> cases[] = {
      {"Zm9v!", "refused at 4"},    {"Zm9\n", "refused at 3"},     {"=", "refused at 0"},
      {"Z=", "refused at 1"},       {"Zg=", "refused at the end"}, {"Zg===", "refused at 4"},
      {"Zg==Zg==", "refused at 4"}, {"Zh==", "refused at 2"},      {"Zm9=", "refused at 3"},
      {"Zh", "refused at the end"}, {"Z", "refused at the end"},   {"Zm8", "fo"},
      {"Zm9v-_==", "refused at 4"}};
  for (const auto& [text, expected] : cases) {
    for (std::size_t step = 1; step <= 9; ++step) {
      EXPECT_EQ(decoded(text, step), expected) << text << " by " << step;
    }
  }
}

}  // namespace
}  // namespace tapedeck::http
