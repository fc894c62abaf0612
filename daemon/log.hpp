#pragma once

#include <memory>
#include <spdlog/logger.h>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"

/// The daemon's log: one logger a component, to stderr. Libraries return errors instead.
namespace tapedeck::log {

enum class Component { accept, forward, record, tls };

/// Sets levels from `[component=]level` words. Without any, info on a terminal and warn elsewhere:
/// the database has every exchange. `format`: "text", or "json" for an object a line.
Result<void> configure(const std::vector<std::string>& levels, std::string_view format);

spdlog::logger& get(Component component);

/// Control characters, DEL and bytes outside ASCII as \xHH, so that recorded text cannot write log
/// lines of its own or drive a terminal.
std::string escape(std::string_view text);

}  // namespace tapedeck::log
