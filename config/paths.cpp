#include "config/paths.hpp"

#include <cstdlib>
#include <filesystem>

namespace tapedeck::config {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// $`name`, or `fallback` under the home directory; the specification ignores relative paths.
std::string base_directory(const char* name, const char* fallback) {
  const std::string set = variable(name);
  if (set.starts_with('/')) return set;
  const std::string home = variable("HOME");
  return (home.empty() ? "." : home) + "/" + fallback;
}

}  // namespace

std::string data_directory() {
  if (const std::string state = variable("STATE_DIRECTORY"); !state.empty()) {
    return state.substr(0, state.find(':'));
  }
  return base_directory("XDG_DATA_HOME", ".local/share") + "/tapedeck";
}

std::string default_database() { return data_directory() + "/tapedeck.db"; }

std::string default_file() {
  for (const std::string& path :
       {base_directory("XDG_CONFIG_HOME", ".config") + "/tapedeck/config.toml",
        std::string("/etc/tapedeck/config.toml")}) {
    if (std::error_code ignored; std::filesystem::exists(path, ignored)) return path;
  }
  return {};
}

}  // namespace tapedeck::config
