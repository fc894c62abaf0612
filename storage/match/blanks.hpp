#pragma once

#include <string>
#include <vector>

#include "storage/match/parts.hpp"

namespace tapedeck::storage {

class TokenKey;

/// The names of those parts of a recorded request that hold a token in the place of a secret (see
/// TokenKey), sorted: {"form password", "path/3", "query api_key"}; "path/3" is the third segment
/// of the path, "body" all of a body.
using Blanks = std::vector<std::string>;

Blanks blanks_of(const Parts& recorded);

/// The parts with what is at those places made the same: `*`, or, with a key, the token of what is
/// there, where one value can be one.
Parts blanked(const Parts& parts, const Blanks& blanks, const TokenKey* key);

}  // namespace tapedeck::storage
