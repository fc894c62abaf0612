#include "storage/keep/chores.hpp"

#include <nlohmann/json.hpp>

#include "storage/keep/backup.hpp"

namespace tapedeck::storage {
namespace {

using nlohmann::json;

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::remote,
                 std::move(sentence)};
}

}  // namespace

Result<std::unique_ptr<Chore>> make_chore(std::string_view name, std::string_view arguments) {
  const json given = json::parse(arguments, nullptr, false);
  if (!given.is_object()) return wrong("arguments must be a JSON object");
  try {
    if (name == "backup") {
      return std::unique_ptr<Chore>(new Backup(given.at("file").get<std::string>()));
    }
  } catch (const json::exception& error) {
    return wrong(std::string(name) + ": " + error.what());
  }
  return wrong("no chore is called '" + std::string(name) + "'");
}

}  // namespace tapedeck::storage
