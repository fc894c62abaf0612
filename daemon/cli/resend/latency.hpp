#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck::resend {

/// "GET https://api.example.com/v1/items/*": method and URL without its query, numbers and long
/// hexadecimal names in the path told as one.
std::string endpoint_of(std::string_view method, std::string_view url);

/// How long exchanges took, by endpoint: now, and when they were recorded.
class Latency {
 public:
  struct Percentiles {
    std::int64_t p50_us = 0;
    std::int64_t p95_us = 0;
    std::int64_t p99_us = 0;
  };
  struct Times {
    std::vector<std::int64_t> now_us = {};
    std::vector<std::int64_t> before_us = {};
  };

  void add(const std::string& endpoint, std::int64_t now_us, std::optional<std::int64_t> before_us);
  /// By name.
  const std::map<std::string, Times>& endpoints() const noexcept { return endpoints_; }

  /// By the nearest rank; nullopt of none.
  static std::optional<Percentiles> percentiles(std::vector<std::int64_t> times);

 private:
  std::map<std::string, Times> endpoints_;
};

}  // namespace tapedeck::resend
