#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"

namespace tapedeck::config {

/// One option, however it is given: `--max-head-size` on the command line, `max_head_size` in the
/// file, `TAPEDECK_MAX_HEAD_SIZE` in the environment.
struct Option {
  std::string_view name;   ///< as in the file: lower case, underscores
  std::string_view value;  ///< what its value looks like, for help: "ADDR:PORT", "DURATION"
  std::string_view help;   ///< one line, no full stop
  bool repeatable = false;
  bool live = true;  ///< a reload can change it; else it takes a restart
  /// Sets the option from text; returns what is wrong with it, or "". A repeatable option is
  /// appended to.
  std::function<std::string(Options&, std::string_view)> set;
  /// The values that `options` holds, as text that set() reads back; one unless repeatable.
  std::function<std::vector<std::string>(const Options&)> get;
  /// Empties a repeatable option, before a stronger source replaces it.
  std::function<void(Options&)> clear;

  /// Sets the option to what get() gave.
  void assign(Options& options, const std::vector<std::string>& values) const;

  std::string flag() const;         ///< "--max-head-size"
  std::string environment() const;  ///< "TAPEDECK_MAX_HEAD_SIZE"
};

/// Every option of `serve`, in the order help and the example file show them.
const std::vector<Option>& option_table();

/// The option of that name, or null.
const Option* find_option(std::string_view name);

/// The known name nearest to a mistyped one, or "" when none is near.
std::string_view nearest_option(std::string_view name);

/// A configuration file with every option at its default, commented out: config.example.toml.
std::string example_file();

}  // namespace tapedeck::config
