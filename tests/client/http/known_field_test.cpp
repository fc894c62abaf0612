#include "client/http/known_field.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>

namespace tapedeck::http {
namespace {

TEST(KnownField, IsFoundWithoutRegardToCase) {
  constexpr std::pair<const char*, KnownField> kNames[] = {
      {"connection", KnownField::connection},
      {"content-length", KnownField::content_length},
      {"date", KnownField::date},
      {"expect", KnownField::expect},
      {"host", KnownField::host},
      {"keep-alive", KnownField::keep_alive},
      {"max-forwards", KnownField::max_forwards},
      {"proxy-authenticate", KnownField::proxy_authenticate},
      {"proxy-authorization", KnownField::proxy_authorization},
      {"proxy-connection", KnownField::proxy_connection},
      {"te", KnownField::te},
      {"trailer", KnownField::trailer},
      {"transfer-encoding", KnownField::transfer_encoding},
      {"upgrade", KnownField::upgrade},
      {"via", KnownField::via}};
  for (const auto& [name, field] : kNames) {
    EXPECT_EQ(known_field(name), field) << name;
    std::string upper(name);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    EXPECT_EQ(known_field(upper), field) << upper;
    EXPECT_EQ(known_field(upper + "x"), KnownField::other) << upper;
    upper[0] = '~';
    EXPECT_EQ(known_field(upper), KnownField::other) << upper;
  }
}

TEST(KnownField, IsOtherForEverythingElse) {
  for (const char* const name : {"", "x", "Accept", "Server", "Cookie", "User-Agent", "Hist",
                                 "content_length", "Transfer_Encoding", "\024e"}) {
    EXPECT_EQ(known_field(name), KnownField::other) << name;
  }
}

}  // namespace
}  // namespace tapedeck::http
