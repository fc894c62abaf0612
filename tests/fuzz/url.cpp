// A URL that was taken is taken again as it is printed.
#include "client/http/url.hpp"

#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = http::parse_url(text)) {
    const auto again = http::parse_url(url->to_string());
    fuzz::require(again.has_value() && again->to_string() == url->to_string());
  }
  if (const auto authority = http::parse_authority(text)) {
    const auto again = http::parse_authority(authority->to_string());
    fuzz::require(again.has_value() && again->to_string() == authority->to_string());
  }
  return 0;
}
