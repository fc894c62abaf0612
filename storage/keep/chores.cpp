#include "storage/keep/chores.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "storage/keep/backup.hpp"
#include "storage/keep/removal.hpp"
#include "storage/keep/session_edit.hpp"
#include "storage/redact/scrub.hpp"
#include "storage/session_table.hpp"

namespace tapedeck::storage {
namespace {

using nlohmann::json;

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::remote,
                 std::move(sentence)};
}

/// {filter: [TERM…], keep_size: BYTES, dry_run: BOOL}
Result<std::unique_ptr<Chore>> make_prune(const json& given) {
  auto filter =
      Filter::parse(given.value("filter", std::vector<std::string>{}), unix_microseconds());
  if (!filter) return std::move(filter).error();
  Doomed doomed{.filter = *std::move(filter), .session_id = {}, .keep_size = {}};
  if (given.contains("keep_size")) doomed.keep_size = given.at("keep_size").get<std::int64_t>();
  return std::unique_ptr<Chore>(new Removal(std::move(doomed), given.value("dry_run", false)));
}

/// {id: SESSION, force: BOOL}
std::unique_ptr<Chore> make_session_removal(const json& given) {
  Doomed doomed{.filter = {},
                .session_id = given.at("id").get<std::int64_t>(),
                .pinned_too = given.value("force", false),
                .keep_size = {}};
  return std::make_unique<Removal>(std::move(doomed), false);
}

/// {filter: [TERM…], redact: [RULE…], values: [SECRET…], limit: BYTES, dry_run: BOOL}
Result<std::unique_ptr<Chore>> make_scrub(const json& given) {
  const std::vector<std::string> none;
  auto filter = Filter::parse(given.value("filter", none), unix_microseconds());
  if (!filter) return std::move(filter).error();
  auto rules = RedactRules::parse(given.value("redact", none));
  if (!rules) return std::move(rules).error();
  Secrets secrets{.filter = *std::move(filter),
                  .rules = *std::move(rules),
                  .values = given.value("values", none),
                  .limit = given.value("limit", kRedactLimit)};
  for (const std::string& value : secrets.values) {
    if (value.size() < Literals::kLeast) {
      return wrong("a value of fewer than " + std::to_string(Literals::kLeast) +
                   " bytes would be found where it is no secret");
    }
  }
  if (secrets.rules.empty() && secrets.values.empty())
    return wrong("scrub needs a rule or a value");
  return std::unique_ptr<Chore>(new Scrub(std::move(secrets), given.value("dry_run", false)));
}

using Change = SessionEdit::Change;
constexpr std::array<std::pair<std::string_view, Change>, 6> kChanges = {{
    {"session-rename", Change::rename},
    {"session-pin", Change::pin},
    {"session-unpin", Change::unpin},
    {"session-tag", Change::tag},
    {"session-untag", Change::untag},
    {"session-note", Change::note},
}};

}  // namespace

Result<std::unique_ptr<Chore>> make_chore(std::string_view name, std::string_view arguments) {
  const json given = json::parse(arguments, nullptr, false);
  if (!given.is_object()) return wrong("arguments must be a JSON object");
  try {
    if (name == "backup") {
      return std::unique_ptr<Chore>(new Backup(given.at("file").get<std::string>()));
    }
    if (name == "prune") return make_prune(given);
    if (name == "scrub") return make_scrub(given);
    if (name == "session-delete") return make_session_removal(given);
    // {id: SESSION, text: NAME, TAG or NOTE}
    for (const auto& [known, change] : kChanges) {
      if (name != known) continue;
      return std::unique_ptr<Chore>(new SessionEdit(change, given.at("id").get<std::int64_t>(),
                                                    given.value("text", std::string())));
    }
  } catch (const json::exception& error) {
    return wrong(std::string(name) + ": " + error.what());
  }
  return wrong("no chore is called '" + std::string(name) + "'");
}

}  // namespace tapedeck::storage
