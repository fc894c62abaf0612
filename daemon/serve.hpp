#pragma once

#include <functional>

#include "client/http/result.hpp"
#include "config/options.hpp"

namespace tapedeck {

/// Runs the daemon until SIGTERM or SIGINT: the first stops in order (accept no more, finish what
/// runs, drain the log), a second cuts. Returns the process's exit status: 0; or, with one line on
/// stderr, 2 when it cannot start and 1 when exchanges could not be written. SIGHUP has `load`,
/// which gave `options`, called again.
int serve(const config::Options& options, std::function<Result<config::Options>()> load);

}  // namespace tapedeck
