#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "client/http/result.hpp"
#include "config/load.hpp"
#include "daemon/cli/terminal.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::cli {

/// What every command is given before its name or after it.
struct Common {
  std::string db;
  std::string config;
  Color color = Color::automatic;

  /// The options in force: --config and --db, and what else was given.
  Result<config::Options> load(config::Given given) const;
  /// The log to read: --db, else what the configuration says.
  Result<std::unique_ptr<storage::Database>> open_log() const;
};

/// Exit statuses of the contract.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

/// "tapedeck: STAGE: what happened: detail" on stderr, made harmless and one line; returns the exit
/// status it calls for: kWrongUsage for Stage::configure, else kFailed.
int complain(const Failure& failure);
/// "tapedeck: STAGE: sentence", likewise; returns `status`.
int complain(std::string_view stage, std::string_view sentence, int status);

/// A command as it registers itself: `chosen` is set to its body when it is the one named.
using Chosen = std::function<int()>;
void add_run(CLI::App& app, const Common& common, Chosen& chosen);
void add_serve(CLI::App& app, const Common& common, Chosen& chosen);
void add_ls(CLI::App& app, const Common& common, Chosen& chosen);
void add_show(CLI::App& app, const Common& common, Chosen& chosen);
void add_sql(CLI::App& app, const Common& common, Chosen& chosen);
void add_export(CLI::App& app, const Common& common, Chosen& chosen);
void add_import(CLI::App& app, const Common& common, Chosen& chosen);
void add_fetch(CLI::App& app, const Common& common, Chosen& chosen);
void add_ca(CLI::App& app, const Common& common, Chosen& chosen);
void add_sessions(CLI::App& app, const Common& common, Chosen& chosen);
void add_prune(CLI::App& app, const Common& common, Chosen& chosen);
void add_scrub(CLI::App& app, const Common& common, Chosen& chosen);
void add_backup(CLI::App& app, const Common& common, Chosen& chosen);
void add_replay(CLI::App& app, const Common& common, Chosen& chosen);
void add_diff(CLI::App& app, const Common& common, Chosen& chosen);
void add_match(CLI::App& app, const Common& common, Chosen& chosen);
void add_status(CLI::App& app, const Common& common, Chosen& chosen);
void add_reload(CLI::App& app, const Common& common, Chosen& chosen);
void add_config(CLI::App& app, const Common& common, Chosen& chosen);
void add_password(CLI::App& app, Chosen& chosen);

/// Every option of the table but db, for a command that starts a proxy; what was given of them.
std::shared_ptr<config::Given> add_serve_options(CLI::App& command);
/// The named ones alone.
void add_options(CLI::App& command, const std::vector<std::string_view>& names,
                 const std::shared_ptr<config::Given>& given);

}  // namespace tapedeck::cli
