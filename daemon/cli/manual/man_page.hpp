#pragma once

#include <string>

#include "daemon/cli/manual/outline.hpp"

namespace tapedeck::cli {

/// tapedeck(1): every command and its options, in roff with the man macros.
std::string man_page(const Outline& program);

/// tapedeck.toml(5): every option of the configuration with its default.
std::string configuration_page();

}  // namespace tapedeck::cli
