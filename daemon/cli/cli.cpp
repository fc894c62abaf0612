#include "daemon/cli/cli.hpp"

#include <cerrno>
#include <csignal>
#include <iostream>
#include <map>
#include <string>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/version.hpp"
#include "storage/export/json_reader.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

/// A reader that went away, as `head` does, is a quiet end.
void quiet_end(int) { _exit(kDone); }

/// The options that every command takes, before its name or after it.
void add_common(CLI::App& app, Common& common) {
  app.add_option("--db", common.db, "the log (default: tapedeck.db in the data directory)")
      ->type_name("FILE");
  app.add_option("--config", common.config,
                 "configuration file (default: $XDG_CONFIG_HOME/tapedeck/config.toml or "
                 "/etc/tapedeck/config.toml)")
      ->type_name("FILE");
  app.add_option("--color", common.color, "auto (default), always or never")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Color>{{"auto", Color::automatic},
                                                                       {"always", Color::always},
                                                                       {"never", Color::never}})
                      .description(""))
      ->type_name("WHEN");
}

/// The parser's complaint, naming a command that does not exist instead of missing one.
std::string usage_sentence(const CLI::App& parsed, const CLI::Error& error) {
  if (error.get_name() != "RequiredError" || parsed.remaining().empty()) return error.what();
  std::string known;
  for (const CLI::App* command : parsed.get_subcommands([](const CLI::App*) { return true; })) {
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  return "unknown command '" + parsed.remaining().front() + "'; commands are " + known;
}

/// Runs a command's body; what it throws becomes a line and kFailed.
int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const storage::SqliteError& error) {
    return complain("record", error.sentence(), kFailed);
  } catch (const storage::JsonError& error) {
    return complain("record", std::string("the log holds what is not JSON: ") + error.what(),
                    kFailed);
  } catch (const nlohmann::json::exception& error) {
    return complain("record", std::string("the log holds what is not JSON: ") + error.what(),
                    kFailed);
  }
}

/// Output that could not be written, as on a full disk, is a failure.
int finished(int status) {
  errno = 0;
  std::cout.flush();
  if (std::cout.good()) return status;
  const std::string why =
      errno != 0 ? ": " + std::error_code(errno, std::generic_category()).message() : "";
  return complain("write", "standard output could not be written" + why, kFailed);
}

/// The whole command line; what is chosen on it comes to stand in `chosen`.
void describe(CLI::App& app, Common& common, Chosen& chosen) {
  app.name("tapedeck");
  app.description("tapedeck records the HTTP traffic of the programs you point at it.");
  app.require_subcommand(1);
  app.failure_message([](const CLI::App* parsed, const CLI::Error& error) {
    return "tapedeck: usage: " + harmless(usage_sentence(*parsed, error)) +
           "; see tapedeck --help\n";
  });
  app.set_version_flag("--version", version_line());
  app.footer(
      "Examples:\n"
      "  tapedeck serve                      start the proxy on 127.0.0.1:8888\n"
      "  curl -x http://127.0.0.1:8888 URL   send something through it\n"
      "  tapedeck run -- curl URL            both at once, HTTPS included\n"
      "  tapedeck ls status:5xx since:1h     what failed in the last hour\n"
      "  tapedeck show 17                    one exchange, whole");
  add_common(app, common);
  add_serve(app, common, chosen);
  add_run(app, common, chosen);
  add_ls(app, common, chosen);
  add_show(app, common, chosen);
  add_sql(app, common, chosen);
  add_export(app, common, chosen);
  add_import(app, common, chosen);
  add_fetch(app, common, chosen);
  add_match(app, common, chosen);
  add_sessions(app, common, chosen);
  add_prune(app, common, chosen);
  add_scrub(app, common, chosen);
  add_backup(app, common, chosen);
  add_status(app, common, chosen);
  add_reload(app, common, chosen);
  add_replay(app, common, chosen);
  add_diff(app, common, chosen);
  add_ca(app, common, chosen);
  add_config(app, common, chosen);
  add_password(app, chosen);
  for (CLI::App* command : app.get_subcommands({})) {
    for (CLI::App* nested : command->get_subcommands({})) add_common(*nested, common);
    add_common(*command, common);
  }
}

}  // namespace

Outline outline_of_program() {
  Common common;
  Chosen chosen;
  CLI::App app;
  describe(app, common, chosen);
  return outline(app);
}

Result<config::Options> Common::load(config::Given given) const {
  if (!db.empty()) given.emplace_back("db", db);
  return config::load(config, given);
}

Result<std::unique_ptr<storage::Database>> Common::open_log() const {
  if (!db.empty()) return storage::open_log(db);
  auto options = config::load(config, {});
  if (!options) return std::move(options).error();
  return storage::open_log(options->db);
}

int complain(const Failure& failure) {
  // What is wrong with a configuration is said whole by the detail.
  if (failure.stage == Stage::configure) return complain("configure", failure.detail, kWrongUsage);
  std::cerr << "tapedeck: " << harmless(failure.to_string()) << '\n';
  return kFailed;
}

int complain(std::string_view stage, std::string_view sentence, int status) {
  std::cerr << "tapedeck: " << stage << ": " << harmless(sentence) << '\n';
  return status;
}

int run(int argc, char** argv) {
  std::signal(SIGPIPE, quiet_end);
  Common common;
  Chosen chosen;
  CLI::App app;
  describe(app, common, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }
  return finished(guarded(chosen));
}

}  // namespace tapedeck::cli
