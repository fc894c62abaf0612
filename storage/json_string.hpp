#pragma once

#include <string>
#include <string_view>

namespace tapedeck::storage {

/// Appends the inside of a JSON string, without its quotes. Bytes from 0x80 on are written as the
/// ISO-8859-1 code points of their numbers: whatever the bytes are, the result is valid.
void append_json_latin1(std::string_view bytes, std::string& out);

/// The same for text that is UTF-8: it stays as it is. May be called for a part of a text, cut
/// anywhere.
void append_json_utf8(std::string_view text, std::string& out);

/// How many bytes at the start of `text` stand for themselves in a JSON string: up to a quote, a
/// backslash or a control character.
std::size_t plain_json_prefix(std::string_view text) noexcept;

/// Appends the ISO-8859-1 code point `byte` as UTF-8.
void append_latin1(unsigned char byte, std::string& out);

}  // namespace tapedeck::storage
