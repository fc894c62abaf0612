#include "storage/export/json_reader.hpp"

#include <gtest/gtest.h>
#include <random>

#include <nlohmann/json.hpp>

#include "storage/export/json_writer.hpp"

namespace tapedeck::storage {
namespace {

/// A source that gives `text` in pieces of `step` bytes.
JsonReader::Source pieces(const std::string& text, std::size_t step) {
  return [&text, step, at = std::size_t{0}](std::span<char> buffer) mutable {
    const std::size_t count = std::min({step, buffer.size(), text.size() - at});
    std::copy_n(text.data() + at, count, buffer.data());
    at += count;
    return count;
  };
}

/// Reads any value and writes it again.
void copy(JsonReader& json, std::string& out) {
  if (json.string_comes()) {
    out += nlohmann::json(json.string()).dump();
  } else {
    json.skip();
  }
}

/// What is wrong with a document, "" for nothing.
std::string complaint(const std::string& text, JsonReader::Limits limits = {},
                      std::size_t step = 1) {
  try {
    JsonReader json(pieces(text, step), limits);
    std::string ignored;
    copy(json, ignored);
    json.end();
  } catch (const JsonError& error) {
    return error.what();
  }
  return "";
}

TEST(JsonReader, RefusesWithThePlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "line 1, column 1: the file ends here, in the middle"},
      {" \n [1,", "line 2, column 5, at [1]: the file ends here, in the middle"},
      {"[1 2]", "line 1, column 4, at [0]: expected ',' or ']', found a number"},
      {"[1,]", "line 1, column 4, at [1]: expected a value, found ']'"},
      {R"({"a":1,})", "line 1, column 8, at a: expected a name in quotes, found '}'"},
      {R"({"a" 1})", "line 1, column 6, at a: expected ':', found a number"},
      {R"({"a":{"b":[0,{"c":nul}]}})", "line 1, column 22, at a.b[1].c: expected null"},
      {"\"abc", "line 1, column 5: the file ends inside a string"},
      {"\"a\nb\"", "line 1, column 3: a control character inside a string: 0x0A"},
      {R"("\x41")", "line 1, column 4: no escape sequence begins with 'x'"},
      {R"("\u12g4")", "line 1, column 7: \\u wants four hexadecimal digits"},
      {"\"\xff\"", "line 1, column 2: this string is not UTF-8"},
      {"\"\xc3\"", "line 1, column 3: this string is not UTF-8"},
      {"\"\xed\xa0\x80\"", "line 1, column 3: this string is not UTF-8"},
      {"01", "line 1, column 3: not a number: 01"},
      {"1.", "line 1, column 3: not a number: 1."},
      {"1e+", "line 1, column 4: not a number: 1e+"},
      {"-", "line 1, column 2: not a number: -"},
      {"tru", "line 1, column 4: the file ends here, in the middle"},
      {"truE", "line 1, column 4: expected true"},
      {"{} x", "line 1, column 4: more after the end of the document"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(complaint(text), expected) << text;
    // The place is the same however the bytes come, but in a string, where it is its piece's.
    if (std::string(expected).find("UTF-8") == std::string::npos) {
      EXPECT_EQ(complaint(text, {}, 64), expected) << text;
    }
  }
}

TEST(JsonReader, Limits) {
  EXPECT_EQ(complaint("[[[]]]", {.depth = 3}), "");
  EXPECT_EQ(complaint("[[[[]]]]", {.depth = 3}),
            "line 1, column 4, at [0][0][0]: more than 3 levels deep; --max-depth allows more");
  EXPECT_EQ(complaint(std::string(100'000, '[')).substr(0, 17), "line 1, column 65");
  EXPECT_LT(complaint("{\"" + std::string(9'999, 'x') + "\":?}").size(), 400u);
  const std::string long_string = '"' + std::string(100'000, 'x') + '"';
  EXPECT_EQ(complaint(long_string, {.string = 100'000}), "");
  EXPECT_TRUE(complaint(long_string, {.string = 99'999})
                  .ends_with("a string of more than 99999 bytes; --max-string allows more"));
  EXPECT_TRUE(complaint(std::string(100, '1')).ends_with("a number too long to be one"));
}

TEST(JsonReader, StringsMeanWhatTheySay) {
  const std::pair<const char*, std::string> cases[] = {
      {R"("")", ""},
      {R"("a\"\\\/\b\f\n\r\tz")", "a\"\\/\b\f\n\r\tz"},
      {R"("\u0000\u00e9\u20ac\ud83d\ude00")", std::string("\0é€😀", 10)},
      {"\"é€😀\"", "é€😀"},
      {R"("\ud83dx")", "\xef\xbf\xbdx"},
      {R"("\ud83d\n")", "\xef\xbf\xbd\n"},
      {R"("\ud83d\ud83d\ude00")", "\xef\xbf\xbd😀"},
      {R"("\ude00")", "\xef\xbf\xbd"},
      {"\xef\xbb\xbf\"after a byte order mark\"", "after a byte order mark"}};
  for (const auto& [text, expected] : cases) {
    for (const std::size_t step : {1, 2, 3, 64}) {
      // A byte order mark comes whole, as files do.
      if (text[0] != '"' && step < 3) continue;
      const std::string document = text;
      JsonReader json(pieces(document, step), {});
      EXPECT_EQ(json.string(), expected) << text;
      json.end();
    }
  }
}

TEST(JsonReader, AMemberTwiceIsRefused) {
  JsonReader json(std::string_view(R"({"b":1,"a":2,"b":3})"));
  double a = 0;
  double b = 0;
  try {
    read_members(json, Member{"a", [&] { a = json.number(); }},
                 Member{"b", [&] { b = json.number(); }});
    FAIL();
  } catch (const JsonError& error) {
    EXPECT_STREQ(error.what(), "line 1, column 18, at b: this name occurs twice");
  }
  EXPECT_EQ(a, 2);
  EXPECT_EQ(b, 1);
}

/// Another reader's opinion of documents made wrong at random.
TEST(JsonReader, AgreesWithAnotherReader) {
  const std::string document =
      R"({"log":{"v":"1.\u00e92","e":[{"n":-12.5e3,"t":true,"f":false,"z":null},[],{},"é\\"]}})";
  std::minstd_rand random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = document;
    for (int change = 0; change < 1 + i % 3; ++change) {
      const std::size_t at = random() % text.size();
      constexpr std::string_view kBytes = "{}[]\",:\\u01e-+.tfn \n\x80\xc3\xff";
      const char byte = kBytes[random() % kBytes.size()];
      switch (random() % 3) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1);
      }
    }
    const bool theirs = nlohmann::json::accept(text);
    const std::string ours = complaint(text, {}, 1 + i % 7);
    // Half a surrogate pair is the one thing that is taken here and not there.
    if (text.find("\\ud") != std::string::npos) continue;
    EXPECT_EQ(ours.empty(), theirs) << text << "\n" << ours;
  }
}

TEST(JsonWriter, WritesWhatAnotherReaderReads) {
  std::string out;
  JsonWriter json([&](std::string_view piece) { out += piece; });
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  json.begin_object();
  json.key("bytes").bytes(bytes);
  json.key("text").text("é\x01\"\\\n\x7f😀");
  json.key("pieces").begin_string();
  for (const char c : std::string("é\"")) json.text_piece({&c, 1});
  json.end_string();
  json.key("base64").begin_string();
  for (const char c : std::string("foob")) json.base64_piece({&c, 1});
  json.end_string();
  json.key("list").begin_array();
  for (const std::int64_t us : {0, 1, 10, 999, 1'000, 1'500, 12'345'678}) json.milliseconds(us);
  json.null();
  json.boolean(true);
  json.integer(-1);
  json.end_array();
  json.key("euro").bytes("é€");
  json.key("cut").bytes("\xe2\x82x");
  json.key("empty").begin_object();
  json.end_object();
  json.end_object();
  json.flush();
  const auto read = nlohmann::json::parse(out);
  EXPECT_EQ(read["text"], "é\x01\"\\\n\x7f😀");
  EXPECT_EQ(read["pieces"], "é\"");
  EXPECT_EQ(read["base64"], "Zm9vYg==");
  EXPECT_EQ(read["list"].dump(), "[0,0.001,0.01,0.999,1,1.5,12345.678,null,true,-1]");
  EXPECT_EQ(read["empty"].dump(), "{}");
  EXPECT_EQ(read["euro"], "é€");
  EXPECT_EQ(read["cut"], "\u00e2\u0082x");
  const auto text = read["bytes"].get<std::string>();
  EXPECT_EQ(text.substr(126, 6), "\x7e\x7f\xc2\x80\xc2\x81");
  EXPECT_EQ(text.size(), 128u + 256u);
}

}  // namespace
}  // namespace tapedeck::storage
