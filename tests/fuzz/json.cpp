// Our JSON reader takes what nlohmann-json takes, and nothing else.
#include <nlohmann/json.hpp>

#include "storage/export/json_reader.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  bool taken = true;
  std::string why;
  try {
    storage::JsonReader reader(text);
    reader.skip();
    reader.end();
  } catch (const storage::JsonError& error) {
    taken = false;
    why = error.what();
  }
  // Deeper than ours goes is no question of grammar; a byte order mark is theirs alone.
  if (why.find("deep") != why.npos || text.starts_with("\xef\xbb\xbf")) return 0;
  fuzz::require(taken == nlohmann::json::accept(text));
  return 0;
}
