#include "daemon/cli/cli.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>

#include "config/load.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/cli/version.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

/// A reader that went away, as `head` does, is a quiet end.
void quiet_end(int) { _exit(kDone); }

bool is_command(CLI::App& app, const std::string& name) {
  return !app.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; })
              .empty();
}

/// The options that every command takes, before its name or after it.
void add_common(CLI::App& app, Common& common) {
  app.add_option("--db", common.db, "the log (default: tapedeck.db in the data directory)")
      ->type_name("FILE");
  app.add_option("--config", common.config,
                 "configuration file (default: $XDG_CONFIG_HOME/tapedeck/config.toml or "
                 "/etc/tapedeck/config.toml)")
      ->type_name("FILE");
  app.add_option("--color", "auto (default), always or never")
      ->check(CLI::Validator(
          [&common](std::string& when) -> std::string {
            constexpr std::array<std::string_view, 3> kWords = {"auto", "always", "never"};
            const auto found = std::find(kWords.begin(), kWords.end(), when);
            if (found == kWords.end()) return "expected auto, always or never, not '" + when + "'";
            common.color = static_cast<Color>(found - kWords.begin());
            return {};
          },
          ""))
      ->type_name("WHEN");
}

}  // namespace

std::unique_ptr<storage::Database> Common::open_log() const {
  std::string path = db;
  if (path.empty()) {
    auto options = config::load(config, {});
    if (!options) {
      complain("configure", options.error().detail, kFailed);
      return nullptr;
    }
    path = options->db;
  }
  auto database = storage::open_log(path);
  if (database) return *std::move(database);
  complain(database.error(), kFailed);
  return nullptr;
}

int complain(const Failure& failure, int status) {
  std::cerr << "tapedeck: " << failure.to_string() << '\n';
  return status;
}

int complain(std::string_view stage, std::string_view sentence, int status) {
  std::cerr << "tapedeck: " << stage << ": " << sentence << '\n';
  return status;
}

int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const storage::SqliteError& error) {
    return complain("record", harmless(error.sentence()), kFailed);
  }
}

int run(int argc, char** argv) {
  std::signal(SIGPIPE, quiet_end);
  Common common;
  Chosen chosen;
  CLI::App app("tapedeck records the HTTP traffic of the programs you point at it.", "tapedeck");
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "tapedeck: usage: " + harmless(error.what()) + "; see tapedeck --help\n";
  });
  app.set_version_flag("--version", "tapedeck " + std::string(kVersion));
  app.footer(
      "Examples:\n"
      "  tapedeck serve                      start the proxy on 127.0.0.1:8888\n"
      "  curl -x http://127.0.0.1:8888 URL   send something through it\n"
      "  tapedeck ls status:5xx since:1h     what failed in the last hour\n"
      "  tapedeck show 17                    one exchange, whole");
  add_common(app, common);
  add_serve(app, common, chosen);
  add_ls(app, common, chosen);
  add_show(app, common, chosen);
  add_sql(app, common, chosen);
  add_config(app, common, chosen);
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::App* nested : command->get_subcommands({})) add_common(*nested, common);
    add_common(*command, common);
  }
  if (argc > 1 && argv[1][0] != '-' && !is_command(app, argv[1])) {
    return complain("usage", "unknown command '" + harmless(argv[1]) + "'; see tapedeck --help",
                    kWrongUsage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }
  const int status = guarded(chosen);
  std::cout.flush();
  if (!std::cout) return complain("output", "cannot write to standard output", kFailed);
  return status;
}

}  // namespace tapedeck::cli
