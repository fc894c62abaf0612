#pragma once

#include "config/options.hpp"

namespace tapedeck {

/// Runs the daemon until SIGTERM or SIGINT: the first stops in order (accept no more, finish what
/// runs, drain the log), a second cuts. Returns the process's exit status: 0, or 2 with one line on
/// stderr when it cannot start.
int serve(const config::Options& options);

}  // namespace tapedeck
