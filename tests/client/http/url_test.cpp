#include "client/http/url.hpp"

#include <gtest/gtest.h>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http {
namespace {

using testing::error_name;

std::string parsed(std::string_view text) {
  auto authority = parse_authority(text);
  if (!authority) return std::string(error_name(authority.error().code));
  return (authority->ipv6_literal ? "6 " : "") + authority->host + " " +
         (authority->port ? std::to_string(*authority->port) : "-");
}

TEST(Authority, IsParsed) {
  EXPECT_EQ(parsed("a"), "a -");
  EXPECT_EQ(parsed("Example.COM:8080"), "Example.COM 8080");
  EXPECT_EQ(parsed("a:"), "a -");
  EXPECT_EQ(parsed("a:0"), "a 0");
  EXPECT_EQ(parsed("a:00080"), "a 80");
  EXPECT_EQ(parsed("a:65535"), "a 65535");
  EXPECT_EQ(parsed("[::1]"), "6 ::1 -");
  EXPECT_EQ(parsed("[::ffff:1.2.3.4]:443"), "6 ::ffff:1.2.3.4 443");
  EXPECT_EQ(parsed("a%2eb_~!$&'()*+,;="), "a%2eb_~!$&'()*+,;= -");
}

TEST(Authority, IsRefused) {
  for (const char* const text : {"",
                                 ":",
                                 ":80",
                                 "a:65536",
                                 "a:99999999999999999999",
                                 "a:-1",
                                 "a:+1",
                                 "a: 1",
                                 "a:1 ",
                                 "a:0x50",
                                 "a:b",
                                 "a:1:2",
                                 "::1",
                                 "[::1",
                                 "[]",
                                 "[]:1",
                                 "[a]",
                                 "[::1]]",
                                 "[::1]1",
                                 "[::g]",
                                 "[v1.x]",
                                 "[fe80::1%25eth0]",
                                 "a b",
                                 "a/b",
                                 "a?b",
                                 "a#b",
                                 "a\\b",
                                 "a%",
                                 "a%2",
                                 "a%zz",
                                 "\xc3\xa9",
                                 "a\tb",
                                 "\x01",
                                 "<a>"}) {
    EXPECT_EQ(parsed(text), "bad_host") << text;
  }
  EXPECT_EQ(parsed(std::string_view("a\0b", 3)), "bad_host");
  for (const char* const text : {"u@a", "u:p@a:1", "@a", "a@", "u@[::1]"}) {
    EXPECT_EQ(parsed(text), "userinfo_in_target") << text;
  }
}

TEST(Authority, IsWritten) {
  EXPECT_EQ((Authority{"a", std::nullopt, false}).to_string(), "a");
  EXPECT_EQ((Authority{"a", 1, false}).to_string(), "a:1");
  EXPECT_EQ((Authority{"::1", 0, true}).to_string(), "[::1]:0");
}

TEST(HostField, IsWithinTheGrammar) {
  for (const char* const value : {"", "a", "a:", "a:80", "a:99999999", "[::1]", "[::1]:1",
                                  "[v1.a:b]", "a,b", "a%20", ":80"}) {
    EXPECT_TRUE(valid_host_field(value)) << value;
  }
  for (const char* const value : {"a b", "u@a", "a/b", "a:x", "a:1:2", "[::1", "[::1]a", "[v.a]",
                                  "[v1.]", "[vg.a]", "[v1]", "a%", "a%2", "\xff"}) {
    EXPECT_FALSE(valid_host_field(value)) << value;
  }
}

TEST(Url, IsParsed) {
  auto url = parse_url("HTTP://Example.com:8080/a//b;c?d=%20&e?f");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "http");
  EXPECT_EQ(url->authority.host, "Example.com");
  EXPECT_EQ(url->port(), 8080);
  EXPECT_EQ(url->path, "/a//b;c");
  EXPECT_EQ(url->query, "d=%20&e?f");
  EXPECT_EQ(url->origin_form(), "/a//b;c?d=%20&e?f");
  EXPECT_EQ(url->to_string(), "http://Example.com:8080/a//b;c?d=%20&e?f");
  EXPECT_EQ(url->origin(), (Origin{"http", "example.com", 8080}));
  EXPECT_EQ(url->origin().to_string(), "http://example.com:8080");
}

TEST(Url, KeepsEmptyPathAndQueryApart) {
  const auto form = [](std::string_view text) {
    auto url = parse_url(text);
    return url ? url->path + "|" + url->query.value_or("-") + "|" + url->origin_form()
               : url.error().to_string();
  };
  EXPECT_EQ(form("http://a"), "|-|/");
  EXPECT_EQ(form("http://a/"), "/|-|/");
  EXPECT_EQ(form("http://a?"), "||/?");
  EXPECT_EQ(form("http://a?q"), "|q|/?q");
  EXPECT_EQ(form("http://a/?"), "/||/?");
  EXPECT_EQ(form("http://a?/b"), "|/b|/?/b");
  EXPECT_EQ(form("https://a/\xc3\xa9"), "/\xc3\xa9|-|/\xc3\xa9");
}

TEST(Url, HasItsSchemesPort) {
  EXPECT_EQ(parse_url("http://a")->port(), 80);
  EXPECT_EQ(parse_url("https://a:")->port(), 443);
  EXPECT_EQ(parse_url("https://a:443")->origin().to_string(), "https://a");
  EXPECT_EQ(parse_url("http://a:443")->origin().to_string(), "http://a:443");
  EXPECT_EQ(parse_url("https://[::1]/x")->origin().to_string(), "https://[::1]");
}

TEST(Url, IsRefused) {
  const auto error = [](std::string_view text) {
    auto url = parse_url(text);
    return url ? "none" : error_name(url.error().code);
  };
  for (const char* const text : {"", "a", "/", "a.com/x", "http:", "http:/a", "://a", "http://a/ b",
                                 "http://a/#f", "http://a\n", "http://a/\x7f", " http:/a"}) {
    EXPECT_EQ(error(text), "bad_url") << text;
  }
  for (const char* const text : {"ftp://a", "ws://a", "htt p://a", "x://"}) {
    EXPECT_EQ(error(text), "unsupported_scheme") << text;
  }
  for (const char* const text : {"http://", "http:///x", "http://?q", "http://:80", "http://a:b"}) {
    EXPECT_EQ(error(text), "bad_host") << text;
  }
  EXPECT_EQ(error("http://u:secret@a/"), "userinfo_in_target");
  EXPECT_EQ(parse_url("http://u:secret@a/").error().to_string().find("secret"), std::string::npos);
}

TEST(Url, LowersAsciiOnly) { EXPECT_EQ(to_lower("AbZ[\xc3\x89"), "abz[\xc3\x89"); }

}  // namespace
}  // namespace tapedeck::http
