#pragma once

#include "client/http/fields.hpp"
#include "storage/export/json_writer.hpp"

namespace tapedeck::storage {

/// HAR's cookies of a request: an array, from its Cookie lines.
void write_request_cookies(JsonWriter& json, const http::Fields& fields);
/// HAR's cookies of a response: an array, from its Set-Cookie lines.
void write_response_cookies(JsonWriter& json, const http::Fields& fields);

}  // namespace tapedeck::storage
