#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "client/http/result.hpp"
#include "daemon/cli/terminal.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::cli {

/// What every command is given before its name or after it.
struct Common {
  std::string db;
  std::string config;
  Color color = Color::automatic;

  /// The log to read: --db, else what the configuration says. One line on stderr and null when it
  /// cannot be read.
  std::unique_ptr<storage::Database> open_log() const;
};

/// Exit statuses of the contract.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

/// "tapedeck: STAGE: what happened: detail" on stderr; returns `status`.
int complain(const Failure& failure, int status);
/// "tapedeck: STAGE: sentence".
int complain(std::string_view stage, std::string_view sentence, int status);

/// Runs a command's body; SQLite's errors become a line and kFailed.
int guarded(const std::function<int()>& body);

/// A command as it registers itself: `chosen` is set to its body when it is the one named.
using Chosen = std::function<int()>;
void add_serve(CLI::App& app, const Common& common, Chosen& chosen);
void add_ls(CLI::App& app, const Common& common, Chosen& chosen);
void add_show(CLI::App& app, const Common& common, Chosen& chosen);
void add_sql(CLI::App& app, const Common& common, Chosen& chosen);
void add_config(CLI::App& app, const Common& common, Chosen& chosen);

}  // namespace tapedeck::cli
