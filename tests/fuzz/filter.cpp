// Whatever the terms are, what they become is a condition that SQLite understands, without a word
// of theirs in it.
#include "storage/query/filter.hpp"

#include <sqlite3.h>

#include <schema.hpp>

#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

namespace {

/// A log without a row.
sqlite3* log() {
  static sqlite3* const database = [] {
    sqlite3* made = nullptr;
    sqlite3_open(":memory:", &made);
    sqlite3_exec(made, kSchema, nullptr, nullptr, nullptr);
    return made;
  }();
  return database;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> terms(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      terms.emplace_back();
    } else {
      terms.back() += static_cast<char>(data[i]);
    }
  }
  const auto filter = storage::Filter::parse(terms, 1'790'000'000'000'000);
  if (!filter) return 0;
  (void)filter->readable();
  const std::string sql = "SELECT 1 FROM exchange WHERE " + filter->condition();
  sqlite3_stmt* statement = nullptr;
  const int prepared = sqlite3_prepare_v2(log(), sql.c_str(), -1, &statement, nullptr);
  const std::string why = sqlite3_errmsg(log());
  // What only a log has (its own functions and its text index) may be missing here; syntax may not.
  fuzz::require(prepared == SQLITE_OK || why.starts_with("no such "));
  if (prepared == SQLITE_OK) {
    const auto parameters = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement));
    fuzz::require(parameters == filter->values().size());
  }
  sqlite3_finalize(statement);
  return 0;
}
