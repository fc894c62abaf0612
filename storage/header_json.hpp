#pragma once

#include <string>

#include "client/http/fields.hpp"

namespace tapedeck::storage {

/// Appends `[["Name","value"],…]`: order, case and repeats kept, bytes outside ASCII as ISO-8859-1
/// code points, so that nothing is lost and the text is always valid JSON and UTF-8.
void append_header_json(const http::Fields& fields, std::string& out);

/// Bytes read as ISO-8859-1, as UTF-8: how the log holds text from the wire that may hold anything.
std::string latin1_to_utf8(std::string_view bytes);

}  // namespace tapedeck::storage
