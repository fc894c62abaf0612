#include "daemon/cli/chore.hpp"

#include <filesystem>

#include "daemon/cli/admin_client.hpp"
#include "storage/keep/chores.hpp"
#include "storage/log_writer.hpp"

namespace tapedeck::cli {
namespace {

Failure failed(const std::string& sentence) {
  return Failure{std::make_error_code(std::errc::io_error), Stage::record, Blame::local, sentence};
}

/// What the daemon made of it.
Result<nlohmann::json> read(const AdminReply& reply) {
  auto answer = nlohmann::json::parse(reply.body, nullptr, false);
  if (reply.status == 200 && answer.is_object()) return answer;
  const bool told = answer.is_object() && answer.contains("error") && answer["error"].is_string();
  return failed(told ? answer["error"].get<std::string>()
                     : "the daemon answered with status " + std::to_string(reply.status));
}

}  // namespace

Result<nlohmann::json> perform_chore(const Common& common, std::string_view name,
                                     const nlohmann::json& arguments) {
  const auto options = common.load({});
  if (!options) return options.error();
  auto chore = storage::make_chore(name, arguments.dump());
  if (!chore) return std::move(chore).error();
  if (!std::filesystem::exists(options->db)) return failed(options->db + ": no log there");
  const auto reply = ask_daemon(*options, "POST", "/chore/" + std::string(name), arguments.dump());
  if (reply) return read(*reply);
  try {
    storage::LogWriter writer(options->db);
    while ((*chore)->step(writer.database())) {
    }
  } catch (const storage::SqliteError& error) {
    return failed(error.sentence());
  } catch (const std::exception& error) {
    return failed(error.what());
  }
  return nlohmann::json::parse((*chore)->result());
}

}  // namespace tapedeck::cli
