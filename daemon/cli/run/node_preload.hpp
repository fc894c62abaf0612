#pragma once

#include <string_view>

namespace tapedeck::cli {

/// node_preload.js.
extern const std::string_view kNodePreload;

}  // namespace tapedeck::cli
