#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client/http/result.hpp"
#include "config/options.hpp"

namespace tapedeck::config {

/// Options given on a command line, as (name in the table, value), in order.
using Given = std::vector<std::pair<std::string, std::string>>;

/// Sets what a TOML file says. Fails with Stage::configure and `FILE:LINE:COLUMN: key: what is
/// wrong`.
Result<void> load_file(const std::string& path, Options& options);

/// The options in force: the command line over TAPEDECK_* over the file over the defaults. `file`
/// empty: the default file, if there is one.
Result<Options> load(const std::string& file, const Given& command_line);

}  // namespace tapedeck::config
