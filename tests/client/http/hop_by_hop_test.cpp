#include "client/http/hop_by_hop.hpp"

#include <gtest/gtest.h>

namespace tapedeck::http {
namespace {

Fields forwarded(Fields fields) {
  remove_hop_by_hop(fields);
  return fields;
}

TEST(HopByHop, FieldsNamedInConnectionAreRemoved) {
  // RFC 9110 section 7.6.1.
  EXPECT_EQ(forwarded({{"Connection", "X-One, \tx-two ,,close"},
                       {"x-one", "1"},
                       {"X-Two", "2"},
                       {"Close", "stays"},
                       {"X-Three", "3"},
                       {"connection", "X-Four"},
                       {"X-FOUR", "4"}}),
            (Fields{{"Close", "stays"}, {"X-Three", "3"}}));
}

TEST(HopByHop, KnownFieldsAreRemovedUnnamed) {
  EXPECT_EQ(forwarded({{"Keep-Alive", "timeout=5"},
                       {"Proxy-Connection", "keep-alive"},
                       {"TE", "trailers"},
                       {"Transfer-Encoding", "chunked"},
                       {"Upgrade", "h2c"},
                       {"Proxy-Authorization", "Basic x"},
                       {"Proxy-Authenticate", "Basic"},
                       {"Trailer", "T"},
                       {"Host", "a"}}),
            (Fields{{"Trailer", "T"}, {"Host", "a"}}));
}

TEST(HopByHop, EverythingElsePassesInOrder) {
  const Fields fields{{"b", "1"}, {"A", "2"}, {"b", "3"}, {"Content-Length", "4"}, {"Via", "x"}};
  EXPECT_EQ(forwarded(fields), fields);
  EXPECT_EQ(forwarded({}), Fields{});
}

TEST(HopByHop, ALengthNamedInConnectionGoesToo) {
  EXPECT_EQ(forwarded({{"Connection", "content-length"}, {"Content-Length", "5"}}), Fields{});
}

TEST(Trailers, LoseForbiddenNames) {
  // RFC 9110 section 6.5.1.
  Fields trailers;
  for (const char* const name : {"Content-Length",
                                 "Transfer-Encoding",
                                 "Host",
                                 "Trailer",
                                 "Connection",
                                 "TE",
                                 "Upgrade",
                                 "Authorization",
                                 "Proxy-Authorization",
                                 "Proxy-Authenticate",
                                 "WWW-Authenticate",
                                 "Cookie",
                                 "Set-Cookie",
                                 "Content-Encoding",
                                 "Content-Type",
                                 "Content-Range",
                                 "Cache-Control",
                                 "Max-Forwards",
                                 "Expect",
                                 "Keep-Alive"}) {
    trailers.add(name, "x");
  }
  trailers.add("Server-Timing", "a");
  trailers.add("ETag", "b");
  remove_forbidden_trailers(trailers);
  EXPECT_EQ(trailers, (Fields{{"Server-Timing", "a"}, {"ETag", "b"}}));
}

TEST(Via, IsAppended) {
  Fields fields{{"Via", "1.1 first"}};
  append_via(fields, kHttp11, "deck");
  append_via(fields, kHttp10, "deck");
  EXPECT_EQ(fields.joined("via"), "1.1 first, 1.1 deck, 1.0 deck");
}

TEST(Via, RevealsALoop) {
  for (const char* const value :
       {"1.1 deck", "1.0 a, 1.1\tDECK", "HTTP/1.1 deck (comment)", "1.1 a (x), 1.1  deck"}) {
    EXPECT_TRUE(passed_through({{"Via", value}}, "deck")) << value;
  }
  for (const char* const value : {"", "deck", "1.1 decks", "1.1 a (deck)", "1.1 a deck"}) {
    EXPECT_FALSE(passed_through({{"Via", value}}, "deck")) << value;
  }
  EXPECT_TRUE(passed_through({{"Via", "1.1 a"}, {"via", "1.1 deck"}}, "deck"));
}

}  // namespace
}  // namespace tapedeck::http
