#include "storage/export/redactor.hpp"

#include <gtest/gtest.h>

#include "storage/http_text.hpp"

namespace tapedeck::storage {
namespace {

/// The request's headers redacted, as JSON, each mark as "#".
std::string redacted(const http::Fields& fields) {
  Exchange exchange;
  exchange.request_headers = fields;
  Redactor().redact(exchange);
  std::string json;
  append_header_json(exchange.request_headers, json);
  constexpr std::size_t kMark = std::string_view("redacted-0123456789abcdef").size();
  for (std::size_t at = json.find("redacted-"); at != std::string::npos;
       at = json.find("redacted-")) {
    json.replace(at, kMark, "#");
  }
  return json;
}

TEST(Redactor, TakesTheValuesAndLeavesTheRest) {
  const std::pair<http::Fields::Line, const char*> cases[] = {
      {{"Authorization", "Basic dXNlcg=="}, "Basic #"},
      {{"authorization", "bearer a b"}, "bearer #"},
      {{"Authorization", "my secret"}, "#"},
      {{"Authorization", "Basic"}, "#"},
      {{"Authorization", ""}, ""},
      {{"Proxy-Authorization", "Digest username=ada, response=1"}, "Digest #"},
      {{"Cookie", "a=1; b=2=3;c=\\\"x;y\\\""}, "a=#; b=#;c=#;#"},
      {{"Cookie", "nameless; =empty; a=; ;b"}, "#; =#; a=; ;#"},
      {{"COOKIE", "  a = 1 "}, "  a =#"},
      {{"Set-Cookie", "a=1; Path=/; Secure"}, "a=#; Path=/; Secure"},
      {{"Set-Cookie", "nameless; HttpOnly"}, "#; HttpOnly"},
      {{"Set-Cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=2; Path=/,c=3"},
       "a=#; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=#; Path=/,c=#"},
      {{"X-Cookie", "a=1"}, "a=1"}};
  for (const auto& [line, expected] : cases) {
    EXPECT_EQ(redacted({line}), "[[\"" + std::string(line.name) + "\",\"" + expected + "\"]]");
  }
}

TEST(Redactor, EverySectionAndEqualSecretsEqualMarks) {
  Exchange exchange;
  exchange.request_headers = {{"Cookie", "a=secret; b=other"}};
  exchange.request_trailers = {{"Cookie", "a=secret"}};
  exchange.response_headers = {{"Set-Cookie", "x=secret"}};
  exchange.response_trailers = {{"Set-Cookie", "x=secret"}};
  Exchange again = exchange;
  const Redactor one;
  one.redact(exchange);
  const std::string mark(exchange.request_trailers.line(0).value.substr(2));
  EXPECT_EQ(mark.size(), 25u);
  EXPECT_EQ(exchange.response_headers.line(0).value, "x=" + mark);
  EXPECT_EQ(exchange.response_trailers.line(0).value, "x=" + mark);
  EXPECT_TRUE(exchange.request_headers.line(0).value.starts_with("a=" + mark + "; b=redacted-"));
  EXPECT_NE(exchange.request_headers.line(0).value, "a=" + mark + "; b=" + mark);
  // Another key, other marks.
  Redactor().redact(again);
  EXPECT_NE(again.request_trailers.line(0).value, "a=" + mark);
}

}  // namespace
}  // namespace tapedeck::storage
