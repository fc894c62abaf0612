#pragma once

#include <string>
#include <string_view>

namespace tapedeck::storage {

/// "application/json" of "Application/JSON; charset=utf-8".
std::string media_type(std::string_view content_type);

/// Of a media_type(): its bodies are one JSON text.
bool is_json(std::string_view type) noexcept;
/// Of a media_type(): its bodies are JSON texts, one a line.
bool is_json_lines(std::string_view type) noexcept;

/// The boundary of a multipart Content-Type; empty when it names none.
std::string boundary_of(std::string_view content_type);
/// The name="..." of the head of a part of multipart/form-data; "?" without one.
std::string part_name(std::string_view head);

}  // namespace tapedeck::storage
