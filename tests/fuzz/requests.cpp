// A server reads the same requests however their bytes are cut.
#include "tests/client/http/transcript.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

namespace {

std::string read(const std::vector<std::string_view>& pieces) {
  http::testing::Transcript transcript({.role = http::Role::server});
  for (const std::string_view piece : pieces) transcript.feed(piece);
  transcript.feed_eof();
  return transcript.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Cut cut(data, size);
  fuzz::require(read({cut.whole}) == read(cut.pieces));
  return 0;
}
