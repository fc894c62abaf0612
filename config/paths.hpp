#pragma once

#include <string>

/// Where tapedeck keeps its files (XDG Base Directory Specification; systemd's directories).
namespace tapedeck::config {

/// $STATE_DIRECTORY under systemd, else $XDG_DATA_HOME/tapedeck, else ~/.local/share/tapedeck.
std::string data_directory();
/// tapedeck.db in the data directory.
std::string default_database();
/// The first that exists of $XDG_CONFIG_HOME/tapedeck/config.toml (default ~/.config) and
/// /etc/tapedeck/config.toml; "" when neither does.
std::string default_file();

}  // namespace tapedeck::config
