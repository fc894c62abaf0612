#include "storage/header_json.hpp"

#include <string>

#include "storage/export/json_reader.hpp"
#include "storage/http_text.hpp"

namespace tapedeck::storage {

http::Fields parse_header_json(std::string_view text) {
  http::Fields fields;
  try {
    JsonReader json(text);
    json.array([&] {
      std::string line[2];
      std::size_t part = 0;
      json.array([&] {
        if (part == 2) json.fail("a header line has a name and a value");
        line[part++] = from_utf8(json.string());
      });
      fields.add(line[0], line[1]);
    });
  } catch (const JsonError&) {
    // Not of the recorder's making: what stands before the fault is all there is to have.
  }
  return fields;
}

}  // namespace tapedeck::storage
