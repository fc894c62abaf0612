#include "daemon/cli/row_json.hpp"

#include <openssl/evp.h>
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "daemon/cli/json_text.hpp"

namespace tapedeck::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string base64(std::span<const char> bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

bool holds_headers(std::string_view column) {
  return column.ends_with("_headers") || column.ends_with("_trailers");
}

Json value(const storage::Statement& row, int column, bool nest_headers) {
  switch (row.column_type(column)) {
    case SQLITE_INTEGER:
      return row.integer(column);
    case SQLITE_FLOAT:
      return row.real(column);
    case SQLITE_TEXT:
      if (nest_headers && holds_headers(row.column_name(column))) {
        if (Json nested = Json::parse(row.text(column), nullptr, false); !nested.is_discarded()) {
          return nested;
        }
      }
      return std::string(row.text(column));
    case SQLITE_BLOB:
      return Json{{"base64", base64(row.blob(column))}};
    default:
      return nullptr;
  }
}

}  // namespace

std::string row_json(const storage::Statement& row, bool nest_headers) {
  Json object = Json::object();
  for (int i = 0; i < row.column_count(); ++i) {
    object[std::string(row.column_name(i))] = value(row, i, nest_headers);
  }
  return harmless_json(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace tapedeck::cli
