#include <iostream>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "daemon/cli/admin_client.hpp"
#include "daemon/cli/command.hpp"

namespace tapedeck::cli {
namespace {

using nlohmann::json;

std::string joined(const json& names) {
  std::string text;
  for (const json& name : names) text += (text.empty() ? "" : ", ") + name.get<std::string>();
  return text;
}

int reload(const config::Options& options) {
  const auto reply = ask_daemon(options, "POST", "/reload");
  if (!reply) return complain("reload", reply.error().detail, kFailed);
  const json answer = json::parse(reply->body);
  if (reply->status != 200) {
    return complain("reload", answer.at("error").get<std::string>() + "; nothing has changed",
                    kFailed);
  }
  const json& changed = answer.at("changed");
  const json& waiting = answer.at("need_restart");
  if (!changed.empty()) std::cout << "changed: " << joined(changed) << '\n';
  if (!waiting.empty()) std::cout << "needs a restart: " << joined(waiting) << '\n';
  if (changed.empty() && waiting.empty()) std::cout << "nothing has changed\n";
  return kDone;
}

}  // namespace

void add_reload(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command =
      app.add_subcommand("reload", "have the running daemon read its configuration again");
  command->footer(
      "Example:\n"
      "  tapedeck reload\n"
      "What begins from then on goes by the new options; nothing is cut. Where the file is wrong,\n"
      "nothing changes, and the exit status is 1. SIGHUP does the same.");
  const auto given = std::make_shared<config::Given>();
  add_options(*command, {"admin"}, given);
  command->callback([given, &common, &chosen] {
    chosen = [given, &common] {
      const auto options = common.load(*given);
      if (!options) return complain(options.error());
      return reload(*options);
    };
  });
}

}  // namespace tapedeck::cli
