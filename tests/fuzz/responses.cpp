// A client reads the same responses however their bytes are cut.
#include <array>

#include "tests/client/http/transcript.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

namespace {

std::string read(const char* method, const std::vector<std::string_view>& pieces) {
  http::testing::Transcript transcript({.role = http::Role::client, .method = method});
  for (const std::string_view piece : pieces) transcript.feed(piece);
  transcript.feed_eof();
  return transcript.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array<const char*, 3> kMethods = {"GET", "HEAD", "CONNECT"};
  const char* const method = kMethods[data[0] % kMethods.size()];
  const fuzz::Cut cut(data + 1, size - 1);
  fuzz::require(read(method, {cut.whole}) == read(method, cut.pieces));
  return 0;
}
