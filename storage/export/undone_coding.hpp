#pragma once

#include "client/http/fields.hpp"

namespace tapedeck::storage {

// A HAR holds content without its coding, so a log that is made of one has the bytes decoded. Were
// they recorded with their Content-Encoding, who reads the log would decode them again: the line is
// kept under another name, and has its own back in an export.

/// Content-Encoding becomes Tapedeck-Undone-Content-Encoding, in place.
void set_aside_coding(http::Fields& fields);
/// The reverse.
void restore_coding(http::Fields& fields);

}  // namespace tapedeck::storage
