#include "client/http/framing.hpp"

#include <gtest/gtest.h>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http {
namespace {

std::string shown(const Result<Framing>& framing) {
  if (!framing) return std::string(testing::error_name(framing.error().code));
  switch (framing->kind) {
    case Framing::Kind::none:
      return "none";
    case Framing::Kind::length:
      return "length " + std::to_string(framing->length);
    case Framing::Kind::chunked:
      return "chunked";
    case Framing::Kind::until_close:
      return "until_close";
  }
  return "?";
}

std::string of_request(const std::string& method, const Fields& fields) {
  return shown(request_framing({.method = method, .target = "/", .fields = fields}));
}

std::string of_response(int status, const Fields& fields, const std::string& method = "GET") {
  return shown(response_framing({.status = status, .fields = fields}, method));
}

const Fields kLength{{"Content-Length", "5"}};
const Fields kChunked{{"Transfer-Encoding", "Chunked"}};
const Fields kBoth{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}};

TEST(Framing, OfRequests) {
  EXPECT_EQ(of_request("POST", {}), "none");
  EXPECT_EQ(of_request("GET", kLength), "length 5");
  EXPECT_EQ(of_request("POST", kChunked), "chunked");
  EXPECT_EQ(of_request("POST", kBoth), "content_length_with_transfer_encoding");
  EXPECT_EQ(of_request("CONNECT", {}), "none");
  EXPECT_EQ(of_request("CONNECT", {{"Content-Length", "0"}}), "length 0");
  EXPECT_EQ(of_request("CONNECT", kLength), "body_on_connect");
  EXPECT_EQ(of_request("CONNECT", kChunked), "body_on_connect");
}

TEST(Framing, OfResponses) {
  EXPECT_EQ(of_response(200, {}), "until_close");
  EXPECT_EQ(of_response(200, kLength), "length 5");
  EXPECT_EQ(of_response(404, kChunked), "chunked");
  EXPECT_EQ(of_response(200, kBoth), "content_length_with_transfer_encoding");
  for (const Fields& fields : {Fields{}, kLength, kChunked}) {
    for (const int status : {100, 101, 103, 199, 204, 304}) {
      EXPECT_EQ(of_response(status, fields), "none") << status;
    }
    EXPECT_EQ(of_response(200, fields, "HEAD"), "none");
    EXPECT_EQ(of_response(200, fields, "CONNECT"), "none");
    EXPECT_EQ(of_response(299, fields, "CONNECT"), "none");
  }
  EXPECT_EQ(of_response(300, kLength, "CONNECT"), "length 5");
  EXPECT_EQ(of_response(205, kLength), "length 5");
  // A wrong length is refused even where no body follows; where the fields mean nothing, it is not.
  EXPECT_EQ(of_response(304, {{"Content-Length", "x"}}), "bad_content_length");
  EXPECT_EQ(of_response(200, kBoth, "HEAD"), "content_length_with_transfer_encoding");
  EXPECT_EQ(of_response(204, kBoth), "none");
  EXPECT_EQ(of_response(200, kBoth, "CONNECT"), "none");
}

TEST(Framing, HasABody) {
  EXPECT_FALSE(Framing::none().has_body());
  EXPECT_FALSE(Framing::of_length(0).has_body());
  EXPECT_TRUE(Framing::of_length(1).has_body());
  EXPECT_TRUE(Framing::chunked().has_body());
  EXPECT_TRUE(Framing::until_close().has_body());
}

TEST(KeepsAlive, ByVersionAndConnection) {
  const auto with = [](Version version, const char* value) {
    return keeps_alive(version, Fields{{"Connection", value}});
  };
  EXPECT_TRUE(keeps_alive(kHttp11, {}));
  EXPECT_FALSE(keeps_alive(kHttp10, {}));
  EXPECT_TRUE(with(kHttp11, "x"));
  EXPECT_TRUE(with(kHttp10, "x, Keep-Alive"));
  EXPECT_FALSE(with(kHttp11, "x, Close"));
  EXPECT_FALSE(with(kHttp10, "keep-alive, close"));
  EXPECT_FALSE(keeps_alive(kHttp11, {{"Connection", "keep-alive"}, {"connection", "close"}}));
  EXPECT_TRUE(keeps_alive(kHttp11, {{"Proxy-Connection", "close"}}));
}

}  // namespace
}  // namespace tapedeck::http
