#pragma once

#include <string>

#include "daemon/cli/manual/outline.hpp"

namespace tapedeck::cli {

/// Scripts that complete commands, options and the words an option takes ("auto|always|never");
/// file names everywhere else.
std::string bash_completion(const Outline& program);
std::string zsh_completion(const Outline& program);
std::string fish_completion(const Outline& program);

}  // namespace tapedeck::cli
