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
  // Deeper than ours goes, or a longer number, is no question of grammar. Theirs passes over a byte
  // order mark, and takes a NUL for the end; ours replaces half a surrogate pair where theirs
  // refuses it.
  if (why.find("deep") != why.npos || why.find("too long") != why.npos ||
      text.starts_with("\xef\xbb\xbf") || text.find('\0') != text.npos ||
      text.find("\\ud") != text.npos || text.find("\\uD") != text.npos) {
    return 0;
  }
  try {
    fuzz::require(!nlohmann::json::parse(text).is_discarded());
    fuzz::require(taken);
  } catch (const nlohmann::json::parse_error&) {
    fuzz::require(!taken);
  } catch (const nlohmann::json::out_of_range&) {
    // A number that a double cannot hold: the grammar has no such bound.
  }
  return 0;
}
