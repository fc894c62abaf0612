#include <gtest/gtest.h>

#include "storage/export/har_error.hpp"
#include "storage/export/shell_word.hpp"
#include "storage/export/target.hpp"
#include "storage/export/timestamp.hpp"
#include "storage/export/undone_coding.hpp"
#include "storage/export/utf8.hpp"
#include "storage/http_text.hpp"

namespace tapedeck::storage {
namespace {

bool is_utf8(const std::string& text, std::size_t step) {
  Utf8Check check;
  for (std::size_t at = 0; at < text.size(); at += step) {
    if (!check.push(std::string_view(text).substr(at, step))) return false;
  }
  return check.complete();
}

TEST(Utf8Check, TableHoweverItIsCut) {
  const std::string ascii(20, 'a');
  const std::string good[] = {"",
                              ascii,
                              "\x7f",
                              "\xc2\x80",
                              "\xdf\xbf",
                              "\xe0\xa0\x80",
                              "\xed\x9f\xbf",
                              "\xee\x80\x80",
                              "\xef\xbf\xbf",
                              "\xf0\x90\x80\x80",
                              "\xf4\x8f\xbf\xbf"};
  const std::string bad[] = {"\x80",
                             "\xc1\xbf",
                             "\xc2",
                             "\xc2\x41",
                             "\xe0\x9f\xbf",
                             "\xed\xa0\x80",
                             "\xef\xbf",
                             "\xf0\x8f\xbf\xbf",
                             "\xf4\x90\x80\x80",
                             "\xf5\x80\x80\x80",
                             "\xff",
                             "\xc2\x80\x80"};
  for (std::size_t step = 1; step <= 9; ++step) {
    for (const std::string& text : good) {
      EXPECT_TRUE(is_utf8(ascii + text + ascii + text, step)) << text;
    }
    for (const std::string& text : bad) {
      EXPECT_FALSE(is_utf8(ascii + text + ascii, step)) << text;
      EXPECT_FALSE(is_utf8(ascii + text, step)) << text;
    }
  }
}

TEST(HttpText, BytesComeBackFromText) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  std::string scratch;
  EXPECT_EQ(from_utf8(to_utf8(bytes, scratch)), bytes);
  EXPECT_EQ(from_utf8("é"), "\xe9");
  EXPECT_EQ(from_utf8("é €"), "é €");
}

TEST(ShellWord, Table) {
  const std::pair<std::string, const char*> cases[] = {
      {"plain-1.0/x:y,z@w=%20+", "plain-1.0/x:y,z@w=%20+"},
      {"", "''"},
      {"two words", "'two words'"},
      {"it's", "'it'\\''s'"},
      {"$x `y` \\ ! ~", "'$x `y` \\ ! ~'"},
      {"a\nb\t", "'a\nb\t'"},
      {"\x1b[31m", "\"$(printf '\\033[31m')\""},
      {"-%s\xe9\\'", "\"$(printf '\\055%%s\\351\\134\\047')\""}};
  for (const auto& [bytes, word] : cases) EXPECT_EQ(shell_word(bytes), word);
  EXPECT_EQ(printf_format(std::string("\0-\0"
                                      "1",
                                      4)),
            "'\\000-\\0001'");
}

TEST(Target, UrlsBothWays) {
  struct Case {
    const char* url;
    const char* again;  ///< url_of() of what was read
    const char* columns;
  };
  const Case cases[] = {
      {"http://h/", "http://h/", "http h 80 / -"},
      {"HTTP://H:8080/a?b", "http://h:8080/a?b", "http h 8080 /a b"},
      {"https://[::1]:443/a?", "https://[::1]/a?", "https ::1 443 /a "},
      {"http://h?x#y", "http://h/?x", "http h 80 / x"},
      {"wss://h/s", "wss://h/s", "wss h - /s -"},
      {"data:text/plain,a?b#c", "data:text/plain,a?b#c", "  - data:text/plain,a?b#c -"},
      {"http://h:x/", "http://h:x/", "http h:x 80 / -"},
      {"", "", "  -  -"}};
  for (const Case& c : cases) {
    Exchange row;
    set_url(row, c.url);
    const std::string columns = row.scheme + " " + row.host + " " +
                                (row.port ? std::to_string(*row.port) : "-") + " " + row.path +
                                " " + row.query.value_or("-");
    EXPECT_EQ(columns, c.columns) << c.url;
    if (row.host.find(':') == std::string::npos || row.host == "::1") {
      EXPECT_EQ(url_of(row), c.again);
      EXPECT_TRUE(url_says_all(row)) << c.url;
    }
  }
  Exchange tunnel;
  tunnel.mode = Mode::tunnel;
  tunnel.host = "h";
  tunnel.port = 443;
  EXPECT_EQ(url_of(tunnel), "h:443");
  EXPECT_FALSE(url_says_all(tunnel));
}

TEST(Target, PairsAreDecodedWhereTheyAreText) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(decoded_pairs("a=1&b=%C3%A4+x&c&=d&&e=f=g&h=%ff&i=%4&%61="), (Pairs{{"a", "1"},
                                                                                {"b", "ä x"},
                                                                                {"c", ""},
                                                                                {"", "d"},
                                                                                {"e", "f=g"},
                                                                                {"h", "%ff"},
                                                                                {"i", "%4"},
                                                                                {"a", ""}}));
  EXPECT_EQ(decoded_pairs(""), Pairs{});
}

TEST(Timestamp, Iso8601BothWays) {
  EXPECT_EQ(to_iso8601(1'795'413'298'000'001), "2026-11-23T05:54:58.000001Z");
  const std::pair<const char*, std::int64_t> good[] = {
      {"2026-11-23T05:54:58Z", 1'795'413'298'000'000},
      {"2026-11-23T05:54:58.1Z", 1'795'413'298'100'000},
      {"2026-11-23T05:54:58.0000019Z", 1'795'413'298'000'001},
      {"2026-11-23T06:54:58+01:00", 1'795'413'298'000'000},
      {"2026-11-23t00:24:58.000-0530", 1'795'413'298'000'000},
      {"1970-01-01T00:00:00Z", 0}};
  for (const auto& [text, expected] : good) {
    EXPECT_EQ(parse_iso8601(text).value_or(-1), expected) << text;
  }
  for (const char* text : {"", "2026-11-23", "2026-11-23T05:54:58", "2026-02-30T00:00:00Z",
                           "2026-11-23T24:00:00Z", "2026-11-23T05:54:58.Z", "2026-11-23T05:54:58Zx",
                           "26-11-23T05:54:58Z", "2026-11-23T05:60:58Z"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Timestamp, CookieDates) {
  const std::int64_t expected = 1'792'567'680'000'000;
  for (const char* text : {"Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21-Oct-2026 07:28:00 GMT",
                           "Wednesday, 21-Oct-26 07:28:00 GMT"}) {
    EXPECT_EQ(parse_cookie_date(text).value_or(-1), expected) << text;
  }
  for (const char* text :
       {"", "soon", "Wed, 21 Foo 2026 07:28:00 GMT", "Wed, 41 Oct 2026 07:28:00"}) {
    EXPECT_FALSE(parse_cookie_date(text)) << text;
  }
}

TEST(HarError, OursComesApartAndOthersIsACode) {
  Exchange row;
  row.error_stage = "connect";
  row.error_code = "connection_refused";
  row.error_detail = "Connection refused: h port 1: really";
  Exchange read;
  set_error(read, error_text(row));
  EXPECT_EQ(read.error_stage, row.error_stage);
  EXPECT_EQ(read.error_code, row.error_code);
  EXPECT_EQ(read.error_detail, row.error_detail);
  Exchange other;
  set_error(other, "net::ERR_FAILED: x: y");
  EXPECT_EQ(other.error_code, "net::ERR_FAILED: x: y");
  EXPECT_EQ(other.error_stage, "");
  EXPECT_EQ(error_text(other), "net::ERR_FAILED: x: y");
  EXPECT_EQ(error_text(Exchange{}), "");
}

TEST(UndoneCoding, IsSetAsideAndRestored) {
  const http::Fields fields = {{"A", "1"}, {"content-Encoding", "br"}, {"B", "2"}};
  http::Fields changed = fields;
  set_aside_coding(changed);
  EXPECT_EQ(changed.line(1).name, "Tapedeck-Undone-content-Encoding");
  EXPECT_FALSE(changed.contains("Content-Encoding"));
  restore_coding(changed);
  EXPECT_EQ(changed, fields);
}

}  // namespace
}  // namespace tapedeck::storage
