#include <gtest/gtest.h>

#include "daemon/forward/rewrite.hpp"
#include "daemon/route/router.hpp"

namespace tapedeck {
namespace {

http::RequestHead request(std::string method, std::string target) {
  http::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  head.fields.add("Host", "h");
  return head;
}

struct Routed {
  const char* method;
  const char* target;
  const char* url;       ///< assembled; "" when refused
  const char* upstream;  ///< the target on the upstream request line
};

std::string describe(const Result<Route>& routed) {
  if (!routed) return "";
  return routed->url.scheme + "://" + routed->url.authority.to_string() + routed->url.path +
         (routed->url.query ? "?" + *routed->url.query : "");
}

void expect_routes(const std::vector<Routed>& table, const std::optional<http::Url>& reverse) {
  for (const Routed& one : table) {
    SCOPED_TRACE(std::string(one.method) + " " + one.target);
    const auto routed = route(request(one.method, one.target), reverse);
    EXPECT_EQ(describe(routed), one.url);
    if (routed) {
      EXPECT_EQ(routed->target, one.upstream);
    } else {
      EXPECT_EQ(routed.error().stage, Stage::route);
    }
  }
}

TEST(Router, ForwardProxy) {
  expect_routes(
      {
          {"GET", "http://a.example", "http://a.example/", "/"},
          {"GET", "http://a.example/", "http://a.example/", "/"},
          {"GET", "http://a.example?q", "http://a.example/?q", "/?q"},
          {"GET", "http://a.example/?", "http://a.example/?", "/?"},
          {"GET", "HTTP://A.example:81/%7e/../x?a=%20", "http://A.example:81/%7e/../x?a=%20",
           "/%7e/../x?a=%20"},
          {"GET", "http://[::1]:8/x", "http://[::1]:8/x", "/x"},
          {"OPTIONS", "http://a.example", "http://a.example*", "*"},
          {"OPTIONS", "http://a.example/", "http://a.example/", "/"},
          {"OPTIONS", "http://a.example?q", "http://a.example/?q", "/?q"},
          {"CONNECT", "a.example:443", "https://a.example:443", ""},
          {"CONNECT", "[::1]:443", "https://[::1]:443", ""},
          {"CONNECT", "a.example", "", ""},
          {"CONNECT", "a.example:", "", ""},
          {"CONNECT", "a.example:0", "", ""},
          {"CONNECT", "a.example:65536", "", ""},
          {"GET", "/x", "", ""},
          {"OPTIONS", "*", "", ""},
          {"GET", "*", "", ""},
          {"GET", "ftp://a.example/x", "", ""},
          {"GET", "http://user@a.example/", "", ""},
          {"GET", "http:///x", "", ""},
      },
      std::nullopt);
}

TEST(Router, ReverseProxy) {
  const auto base = http::parse_url("http://up.example:81/v1/");
  ASSERT_TRUE(base);
  expect_routes(
      {
          {"GET", "/", "http://up.example:81/v1/", "/v1/"},
          {"GET", "/x?y=1?2", "http://up.example:81/v1/x?y=1?2", "/v1/x?y=1?2"},
          {"GET", "//x", "http://up.example:81/v1//x", "/v1//x"},
          {"OPTIONS", "*", "http://up.example:81*", "*"},
          {"GET", "http://other.example/x", "http://other.example/x", "/x"},
      },
      *base);
}

TEST(Rewrite, MaxForwards) {
  struct Case {
    const char* method;
    const char* value;
    std::optional<unsigned> hops;
  };
  const Case cases[] = {
      {"TRACE", "0", 0},
      {"OPTIONS", "7", 7},
      {"GET", "0", std::nullopt},
      {"TRACE", "", std::nullopt},
      {"TRACE", "-1", std::nullopt},
      {"TRACE", "1x", std::nullopt},
      {"TRACE", "99999999999", std::nullopt},
  };
  for (const Case& one : cases) {
    http::RequestHead head = request(one.method, "http://a.example/");
    head.fields.add("Max-Forwards", one.value);
    EXPECT_EQ(max_forwards(head), one.hops) << one.method << " " << one.value;
  }
  EXPECT_EQ(max_forwards(request("TRACE", "http://a.example/")), std::nullopt);
}

TEST(Rewrite, FramingForTheClient) {
  using Framing = http::Framing;
  EXPECT_EQ(downstream_framing(Framing::chunked(), http::kHttp11).kind, Framing::Kind::chunked);
  EXPECT_EQ(downstream_framing(Framing::until_close(), http::kHttp11).kind, Framing::Kind::chunked);
  EXPECT_EQ(downstream_framing(Framing::chunked(), http::kHttp10).kind, Framing::Kind::until_close);
  EXPECT_EQ(downstream_framing(Framing::until_close(), http::kHttp10).kind,
            Framing::Kind::until_close);
  EXPECT_EQ(downstream_framing(Framing::of_length(4), http::kHttp10).kind, Framing::Kind::length);
  EXPECT_EQ(downstream_framing(Framing::none(), http::kHttp11).kind, Framing::Kind::none);
}

TEST(Rewrite, HostOfTheUpstreamRequest) {
  for (const auto& [target, host] : std::vector<std::pair<std::string, std::string>>{
           {"http://a.example/", "a.example"},
           {"http://a.example:80/", "a.example:80"},
           {"http://a.example./", "a.example."},
           {"http://[::1]:8/", "[::1]:8"},
       }) {
    const http::RequestHead received = request("GET", target);
    const auto routed = route(received, std::nullopt);
    ASSERT_TRUE(routed) << target;
    const auto head = upstream_request(received, *routed, "me", std::nullopt);
    EXPECT_EQ(head.fields.joined("Host"), host);
    EXPECT_EQ(head.fields.get("Via"), "1.1 me");
  }
}

}  // namespace
}  // namespace tapedeck
