#include <iostream>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "daemon/cli/admin_client.hpp"
#include "daemon/cli/command.hpp"

namespace tapedeck::cli {
namespace {

using nlohmann::json;

void line(const std::string& label, const std::string& text) {
  std::cout << padded_right(label, 12) << harmless(text) << '\n';
}

void print(const json& status) {
  line("tapedeck", status.at("version").get<std::string>() + ", process " +
                       std::to_string(status.at("pid").get<int>()) + ", up " +
                       human_duration(status.at("uptime_s").get<std::int64_t>() * 1'000'000) +
                       ", mode " + status.at("mode").get<std::string>());
  for (const json& listener : status.at("listeners")) {
    line("listening", listener.get<std::string>());
  }
  line("clients", std::to_string(status.at("connections").get<std::int64_t>()) + " connected");
  const json& exchanges = status.at("exchanges");
  line("exchanges", std::to_string(exchanges.at("complete").get<std::int64_t>()) + " complete, " +
                        std::to_string(exchanges.at("failed").get<std::int64_t>()) + " failed, " +
                        std::to_string(exchanges.at("aborted").get<std::int64_t>()) + " aborted");
  if (status.contains("replay")) {
    const json& replay = status.at("replay");
    line("replay", std::to_string(replay.at("served").get<std::int64_t>()) + " served, " +
                       std::to_string(replay.at("missed").get<std::int64_t>()) + " missed");
  }
  if (!status.contains("log")) return line("log", "none is written");
  const json& log = status.at("log");
  line("log", log.at("file").get<std::string>() + ", " +
                  human_size(log.at("bytes").get<std::int64_t>()) + " and " +
                  human_size(log.at("wal_bytes").get<std::int64_t>()) + " not yet in it, " +
                  human_size(log.at("queued_bytes").get<std::int64_t>()) + " queued");
  if (const auto gone = log.at("unrecorded").get<std::int64_t>(); gone > 0) {
    line("TROUBLE", std::to_string(gone) + " exchanges went by unrecorded; see table gap");
  }
  if (!log.at("healthy").get<bool>()) {
    line("TROUBLE", "the log cannot be written: " + log.at("last_error").get<std::string>());
  }
}

}  // namespace

void add_status(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command = app.add_subcommand("status", "what the running daemon is doing");
  command->footer(
      "Example:\n"
      "  tapedeck status --db api.db\n"
      "Asks the daemon that records into the log. Exit status 1 when none answers.\n"
      "The same over HTTP: curl --unix-socket api.db.sock http://localhost/status (or /metrics).");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "as one JSON object");
  const auto given = std::make_shared<config::Given>();
  add_options(*command, {"admin"}, given);
  command->callback([as_json, given, &common, &chosen] {
    chosen = [as_json, given, &common] {
      const auto options = common.load(*given);
      if (!options) return complain(options.error());
      const auto reply = ask_daemon(*options, "GET", "/status");
      if (!reply) return complain("status", reply.error().detail, kFailed);
      if (*as_json) {
        std::cout << reply->body << '\n';
      } else {
        print(json::parse(reply->body));
      }
      return kDone;
    };
  });
}

}  // namespace tapedeck::cli
