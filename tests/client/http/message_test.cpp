#include "client/http/message.hpp"

#include <gtest/gtest.h>

namespace tapedeck::http {
namespace {

TEST(Message, KnowsIdempotentMethods) {
  for (const char* const method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
    EXPECT_TRUE(is_idempotent(method)) << method;
  }
  for (const char* const method : {"POST", "PATCH", "CONNECT", "get", "", "PROPFIND"}) {
    EXPECT_FALSE(is_idempotent(method)) << method;
  }
}

TEST(Message, KnowsStatusPhrases) {
  EXPECT_EQ(status_phrase(100), "Continue");
  EXPECT_EQ(status_phrase(200), "OK");
  EXPECT_EQ(status_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(status_phrase(504), "Gateway Timeout");
  for (const int status : {0, 99, 306, 418, 510, 599, 1000}) EXPECT_EQ(status_phrase(status), "");
}

TEST(Message, KnowsInterimResponses) {
  for (const int status : {100, 102, 103, 199}) {
    EXPECT_TRUE(ResponseHead{.status = status}.interim()) << status;
  }
  for (const int status : {101, 200, 304, 999}) {
    EXPECT_FALSE(ResponseHead{.status = status}.interim()) << status;
  }
}

TEST(Message, OrdersVersions) {
  EXPECT_LT(kHttp10, kHttp11);
  EXPECT_EQ(to_string(kHttp10), "HTTP/1.0");
  EXPECT_EQ(to_string(kHttp11), "HTTP/1.1");
}

}  // namespace
}  // namespace tapedeck::http
