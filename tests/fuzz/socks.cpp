// A SOCKS5 client is understood the same however its bytes are cut.
#include "daemon/accept/socks.hpp"

#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

namespace {

std::string read(const std::vector<std::string_view>& pieces, bool credentials) {
  SocksGreeting greeting(credentials);
  std::string received;
  std::string reply;
  auto step = SocksGreeting::Step::more;
  for (const std::string_view piece : pieces) {
    received += piece;
    while (step == SocksGreeting::Step::more || step == SocksGreeting::Step::log_in) {
      if (step == SocksGreeting::Step::log_in) greeting.logged_in(true, reply);
      const std::size_t before = received.size();
      step = greeting.next(received, reply);
      if (step == SocksGreeting::Step::more && received.size() == before) break;
    }
  }
  return reply + "|" + std::to_string(static_cast<int>(step)) + "|" + greeting.target().to_string();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const fuzz::Cut cut(data + 1, size - 1);
  const bool credentials = (data[0] & 1) != 0;
  fuzz::require(read({cut.whole}, credentials) == read(cut.pieces, credentials));
  return 0;
}
