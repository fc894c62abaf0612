#pragma once

#include <string_view>

#include "client/http/fields.hpp"

namespace tapedeck::storage {

/// The section that append_header_json() wrote; what is not of its shape is left out.
http::Fields parse_header_json(std::string_view json);

}  // namespace tapedeck::storage
