#include "daemon/body_limits.hpp"

#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"

namespace tapedeck::test {
namespace {

TEST(ParseBodyLimits, Rules) {
  const auto limits = parse_body_limits({"1MiB", "response Image/*=64KiB", "request text/plain=0"});
  ASSERT_TRUE(limits);
  EXPECT_EQ(limits->of(storage::Side::request, "a/b"), 1 << 20);
  EXPECT_EQ(limits->of(storage::Side::response, "image/png"), 64 << 10);
  EXPECT_EQ(limits->of(storage::Side::request, "image/png"), 1 << 20);
  EXPECT_EQ(limits->of(storage::Side::request, "text/plain"), 0);
}

TEST(ParseBodyLimits, WrongOnesAreNamed) {
  for (const char* rule : {"", "lots", "=1", "image=1k", "answer 1k", "request",
                           "response a/b=", "request response 1k", "image/* 1k"}) {
    const auto limits = parse_body_limits({rule});
    ASSERT_FALSE(limits) << rule;
    EXPECT_TRUE(limits.error().detail.starts_with("body_limit '" + std::string(rule) + "': "))
        << limits.error().detail;
  }
}

TEST(BodyLimit, WhatIsCutInTheLogIsForwardedWhole) {
  Proxy proxy([](config::Options& options) { options.body_limits = {"response text/*=3"}; });
  Origin origin;
  Peer client = proxy.connect();
  client.send("POST " + origin.url("/") + " HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  Peer server = origin.accept();
  server.read_head();
  server.expect("hello");
  server.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nworld");
  client.read_head();
  client.expect("world");
  const Row row = proxy.row();
  EXPECT_EQ(row.request_body, "hello");
  EXPECT_EQ(row.response_size, 5);
  EXPECT_EQ(row.response_body, "wor");
}

}  // namespace
}  // namespace tapedeck::test
