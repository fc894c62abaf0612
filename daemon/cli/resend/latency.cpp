#include "daemon/cli/resend/latency.hpp"

#include <algorithm>

namespace tapedeck::resend {
namespace {

/// Names of things, not of kinds of things: "17", "5f3a9c0112ab", "0f8fad5b-d9cb-469f-…".
bool is_number_or_id(std::string_view segment) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto hex = [&](char c) { return digit(c) || (c >= 'a' && c <= 'f') || c == '-'; };
  if (segment.empty()) return false;
  if (std::all_of(segment.begin(), segment.end(), digit)) return true;
  return segment.size() >= 12 && std::all_of(segment.begin(), segment.end(), hex) &&
         std::any_of(segment.begin(), segment.end(), digit);
}

}  // namespace

std::string endpoint_of(std::string_view method, std::string_view url) {
  url = url.substr(0, url.find('?'));
  const std::size_t scheme = url.find("://");
  const std::size_t path =
      std::min(url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3), url.size());
  std::string endpoint(method);
  endpoint.append(" ").append(url.substr(0, path));
  for (std::size_t at = path; at < url.size();) {
    const std::size_t end = std::min(url.find('/', at + 1), url.size());
    const std::string_view segment = url.substr(at + 1, end - at - 1);
    endpoint.append("/").append(is_number_or_id(segment) ? "*" : segment);
    at = end;
  }
  return endpoint;
}

void Latency::add(const std::string& endpoint, std::int64_t now_us,
                  std::optional<std::int64_t> before_us) {
  Times& times = endpoints_[endpoint];
  times.now_us.push_back(now_us);
  if (before_us) times.before_us.push_back(*before_us);
}

std::optional<Latency::Percentiles> Latency::percentiles(std::vector<std::int64_t> times) {
  if (times.empty()) return std::nullopt;
  std::sort(times.begin(), times.end());
  const auto at = [&](std::size_t percent) {
    return times[(times.size() * percent + 99) / 100 - 1];
  };
  return Percentiles{at(50), at(95), at(99)};
}

}  // namespace tapedeck::resend
