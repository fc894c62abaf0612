#include "daemon/cli/row_json.hpp"

#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "client/http/base64.hpp"
#include "daemon/cli/json_text.hpp"

namespace tapedeck::cli {
namespace {

using Json = nlohmann::ordered_json;

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
      return Json{{"base64", http::base64({row.blob(column).data(), row.blob(column).size()})}};
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
