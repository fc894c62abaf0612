// What opens a tunnel is recognized whatever it is, and what was once clear stays so with more
// bytes.
#include "daemon/intercept/opening.hpp"

#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Opening whole = recognize(bytes);
  if (bytes.empty()) return 0;
  const Opening before = recognize(bytes.substr(0, bytes.size() - 1));
  if (before.kind != Opening::Kind::incomplete) {
    fuzz::require(before.kind == whole.kind && before.server_name == whole.server_name &&
                  before.alpn == whole.alpn);
  }
  return 0;
}
