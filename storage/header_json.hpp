#pragma once

#include <string_view>

#include "client/http/fields.hpp"

namespace tapedeck::storage {

/// The section that append_header_json() wrote. Of text that it did not write, the lines before the
/// first that is none.
http::Fields parse_header_json(std::string_view json);

}  // namespace tapedeck::storage
