#pragma once

#include <string>
#include <string_view>

#include "client/http/fields.hpp"

namespace tapedeck::storage {

// How bytes of HTTP become text of SQLite. HTTP's text is bytes; SQLite's is UTF-8. A byte from
// 0x80 on is written as the ISO-8859-1 code point of that number, so that the column is always
// valid UTF-8 and every byte can be had back.

/// Appends `fields` as `[["Name","value"],...]`, valid JSON whatever the bytes are.
void append_header_json(const http::Fields& fields, std::string& out);

/// `bytes` as UTF-8: the view itself where it is ASCII, else a view of `scratch`, which is
/// overwritten.
std::string_view to_utf8(std::string_view bytes, std::string& scratch);

/// The bytes that to_utf8() was given. Text that it cannot have made, since it holds a character
/// beyond ISO-8859-1, is what its UTF-8 is.
std::string from_utf8(std::string_view text);

}  // namespace tapedeck::storage
