#include "daemon/intercept/host_pattern.hpp"

#include <gtest/gtest.h>

namespace tapedeck {
namespace {

TEST(HostPattern, Matches) {
  const struct {
    const char* pattern;
    const char* host;
    bool matches;
  } cases[] = {
      {"*", "anything", true},
      {"api.example.com", "api.example.com", true},
      {"api.example.com", "API.example.COM", true},
      {"API.example.com", "api.example.com", true},
      {"api.example.com", "xapi.example.com", false},
      {"api.example.com", "api.example.com.evil", false},
      {"*.example.com", "a.b.example.com", true},
      {"*.example.com", "example.com", false},
      {"*.example.com", "badexample.com", false},
      {"api.*", "api.example.com", true},
      {"a*b*c", "aXbYbZc", true},
      {"a*b*c", "aXbYbZ", false},
      {"example.com:443", "example.com", true},
      {"example.com:8443", "example.com", false},
      {"*:443", "example.com", true},
      {"127.0.0.1", "127.0.0.1", true},
      {"::1", "::1", true},
      {"[::1]", "::1", true},
      {"[::1]:443", "::1", true},
      {"", "a", false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(matches_host(c.pattern, c.host, 443), c.matches) << c.pattern << " " << c.host;
  }
}

}  // namespace
}  // namespace tapedeck
