#include "daemon/cli/compare/session_requests.hpp"

#include <charconv>
#include <cstdint>
#include <optional>

#include "storage/match/index.hpp"

namespace tapedeck::cli {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

}  // namespace

Result<std::vector<storage::Keyed>> session_requests(storage::Database& log,
                                                     const std::string& session,
                                                     const storage::MatchRules& rules) {
  storage::Statement rows = log.prepare(
      "SELECT exchange.id FROM exchange JOIN session ON session.id = session_id "
      "WHERE (name = ?1 OR session.id = ?2) AND mode <> 'tunnel' AND method IS NOT NULL "
      "ORDER BY exchange.id");
  rows.bind(1, session);
  rows.bind(2, number(session));
  std::vector<storage::Keyed> found;
  while (rows.step()) {
    const std::int64_t id = rows.integer(0);
    const auto parts = storage::recorded_parts(log, id, rules);
    if (parts) found.push_back({storage::key_of(*parts), id});
  }
  if (found.empty()) {
    return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure,
                   Blame::local, "no session '" + session + "', or nothing recorded in it"};
  }
  return found;
}

}  // namespace tapedeck::cli
