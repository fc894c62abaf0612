#pragma once

#include <string>

#include "storage/sqlite.hpp"

namespace tapedeck::cli {

/// The row a statement stands on, as one JSON object in column order. With `nest_headers`, columns
/// that hold header arrays are nested; blobs become {"base64": …}.
std::string row_json(const storage::Statement& row, bool nest_headers);

}  // namespace tapedeck::cli
