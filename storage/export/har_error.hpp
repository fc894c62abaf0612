#pragma once

#include <string>
#include <string_view>

#include "storage/exchange.hpp"

namespace tapedeck::storage {

/// Why an exchange failed, as HAR's `_error` (a custom member that Chromium has too):
/// "STAGE: CODE: DETAIL", or the code alone; empty where nothing failed.
std::string error_text(const Exchange& exchange);

/// Sets the error columns to what error_text() was given. Other programs' texts are a code.
void set_error(Exchange& exchange, std::string_view text);

}  // namespace tapedeck::storage
