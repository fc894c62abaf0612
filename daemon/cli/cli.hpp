#pragma once

#include "daemon/cli/manual/outline.hpp"

namespace tapedeck::cli {

/// The whole command line; returns the exit status: 0 done, 1 failed, 2 wrong usage.
int run(int argc, char** argv);

/// What it takes.
Outline outline_of_program();

}  // namespace tapedeck::cli
