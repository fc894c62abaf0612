// Rules that say what counts, and what is secret, are taken or refused; none brings the parser
// down.
#include "storage/match/rules.hpp"

#include "storage/redact/rules.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string rule(reinterpret_cast<const char*>(data), size);
  (void)storage::MatchRules::parse({}, {rule});
  (void)storage::MatchRules::parse({rule}, {});
  (void)storage::RedactRules::parse({rule});
  return 0;
}
