#pragma once

#include <string>
#include <vector>

#include "client/http/result.hpp"
#include "storage/body_limits.hpp"

namespace tapedeck {

/// What --body-limit says: `[request|response ][TYPE=]SIZE`, TYPE being a media type with `*` for
/// any run of characters. Fails with Stage::configure and a sentence that names the rule.
Result<storage::BodyLimits> parse_body_limits(const std::vector<std::string>& rules);

}  // namespace tapedeck
