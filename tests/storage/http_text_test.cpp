#include "storage/http_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tapedeck::storage {
namespace {

std::string json_of(const http::Fields& fields) {
  std::string json;
  append_header_json(fields, json);
  return json;
}

/// The code points of `text`, one byte each: the reverse of ISO-8859-1 to UTF-8.
std::string bytes_of(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      bytes += text[i];
    } else {
      bytes += static_cast<char>(((byte & 3) << 6) | (static_cast<unsigned char>(text[++i]) & 63));
    }
  }
  return bytes;
}

TEST(HeaderJson, WritesWhatATableSays) {
  struct Case {
    http::Fields fields;
    const char* json;
  };
  const Case cases[] = {
      {{}, "[]"},
      {{{"A", ""}}, R"([["A",""]])"},
      {{{"Host", "example.test"}}, R"([["Host","example.test"]])"},
      {{{"b", "2"}, {"A", "1"}, {"B", "3"}}, R"([["b","2"],["A","1"],["B","3"]])"},
      {{{"ETag", "\"x\\y\""}}, R"([["ETag","\"x\\y\""]])"},
      {{{"T", "a\tb"}}, R"([["T","a\u0009b"]])"},
      {{{"Eight", "12345678"}}, R"([["Eight","12345678"]])"},
      {{{"Nine", "12345678\""}}, R"([["Nine","12345678\""]])"},
      {{{"L", "caf\xe9"}}, "[[\"L\",\"caf\xc3\xa9\"]]"},
      {{{"U", "\xc3\xa9"}}, "[[\"U\",\"\xc3\x83\xc2\xa9\"]]"},
  };
  for (const Case& test : cases) EXPECT_EQ(json_of(test.fields), test.json);
}

TEST(HeaderJson, AppendsToWhatIsThere) {
  std::string json = "before ";
  append_header_json({{"A", "b"}}, json);
  EXPECT_EQ(json, R"(before [["A","b"]])");
}

// Each byte at each place of the eight that are looked at together, and after them.
TEST(HeaderJson, KeepsEveryByteAtEveryPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string value(20, 'x');
      value[at] = static_cast<char>(byte);
      const auto parsed = nlohmann::json::parse(json_of({{"Name", value}}));
      ASSERT_EQ(bytes_of(parsed.at(0).at(1).get<std::string>()), value) << byte << " at " << at;
    }
  }
}

TEST(HeaderJson, KeepsAllBytesTogether) {
  std::string all;
  for (int byte = 255; byte >= 0; --byte) all += static_cast<char>(byte);
  const auto parsed = nlohmann::json::parse(json_of({{all, all}, {"Last", "line"}}));
  EXPECT_EQ(bytes_of(parsed.at(0).at(0).get<std::string>()), all);
  EXPECT_EQ(bytes_of(parsed.at(0).at(1).get<std::string>()), all);
  EXPECT_EQ(parsed.at(1), nlohmann::json::parse(R"(["Last","line"])"));
}

TEST(ToUtf8, ReturnsAsciiAsItIs) {
  const std::string_view ascii = "/path?x=%C3%A9";
  std::string scratch;
  EXPECT_EQ(to_utf8(ascii, scratch).data(), ascii.data());
}

TEST(ToUtf8, WritesOtherBytesAsCodePoints) {
  std::string scratch = "old";
  EXPECT_EQ(to_utf8("/caf\xe9/\x80", scratch), "/caf\xc3\xa9/\xc2\x80");
  EXPECT_EQ(to_utf8("", scratch), "");
}

}  // namespace
}  // namespace tapedeck::storage
