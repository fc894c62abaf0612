#pragma once

#include <string>

#include "daemon/worker.hpp"

/// What the daemon says of itself.
namespace tapedeck::inspect {

/// One JSON object: version, listeners, mode, log, counts, queue.
std::string status_json(const Services& services);

/// The same and more as OpenMetrics 1.0 text, names by Prometheus's conventions.
std::string metrics_text(const Services& services);

}  // namespace tapedeck::inspect
