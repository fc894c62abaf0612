#pragma once

#include <string>

#include "config/options.hpp"

namespace tapedeck::cli {

/// `match --learn`: prints what differs between two recordings of the same run as `ignore` rules in
/// TOML, for review. Returns the exit status.
int learn(const config::Options& options, const std::string& before, const std::string& after);

}  // namespace tapedeck::cli
