#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "client/http/result.hpp"
#include "daemon/cli/command.hpp"

namespace tapedeck::cli {

/// Does a chore (storage/keep/chores) on the log, or has the daemon that is recording into it do
/// it. Returns the chore's result.
Result<nlohmann::json> perform_chore(const Common& common, std::string_view name,
                                     const nlohmann::json& arguments);

}  // namespace tapedeck::cli
