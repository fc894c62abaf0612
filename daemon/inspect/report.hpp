#pragma once

#include <string>

#include "daemon/worker.hpp"

/// What the daemon says of itself.
namespace tapedeck::inspect {

/// One JSON object: version, listeners, mode, log, counts, queue.
std::string status_json(const Worker& worker);

/// The same and more as OpenMetrics 1.0 text, names by Prometheus's conventions.
std::string metrics_text(const Worker& worker);

}  // namespace tapedeck::inspect
