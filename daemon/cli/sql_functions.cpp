#include "daemon/cli/sql_functions.hpp"

#include <algorithm>
#include <array>
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "client/content_decoder.hpp"
#include "client/http/grammar.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

/// The largest body a function returns; SQLite's own limit is near it.
constexpr std::size_t kLargestBody = 512u << 20;

std::string_view text_of(sqlite3_value* value) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void header(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto lines = nlohmann::json::parse(text_of(arguments[0]), nullptr, false);
  const std::string_view name = text_of(arguments[1]);
  std::optional<std::string> joined;
  if (lines.is_array()) {
    for (const auto& line : lines) {
      if (!line.is_array() || line.size() != 2 || !line[0].is_string() || !line[1].is_string()) {
        continue;
      }
      if (!http::iequals(line[0].get_ref<const std::string&>(), name)) continue;
      joined = (joined ? *joined + ", " : std::string()) + line[1].get<std::string>();
    }
  }
  if (!joined) return sqlite3_result_null(context);
  sqlite3_result_text64(context, joined->data(), joined->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// The stored bytes of the body whose id is the argument; empty for NULL or an unknown one.
std::optional<std::string> load(sqlite3_context* context, sqlite3_value* id) {
  auto& log = *static_cast<storage::Database*>(sqlite3_user_data(context));
  if (sqlite3_value_type(id) != SQLITE_INTEGER) return std::nullopt;
  std::optional<std::string> bytes;
  bool fits = true;
  try {
    storage::read_body(log, sqlite3_value_int64(id), [&](std::span<const char> piece) {
      if (!bytes) bytes.emplace();
      fits = bytes->size() + piece.size() <= kLargestBody;
      if (fits) bytes->append(piece.data(), piece.size());
      return fits;
    });
  } catch (const storage::SqliteError& error) {
    sqlite3_result_error(context, error.sentence().c_str(), -1);
    return std::nullopt;
  }
  if (!fits) {
    sqlite3_result_error_toobig(context);
    return std::nullopt;
  }
  return bytes;
}

void body(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto bytes = load(context, arguments[0]);
  if (bytes) sqlite3_result_blob64(context, bytes->data(), bytes->size(), SQLITE_TRANSIENT);
}

/// The coding whose magic number the bytes begin with (RFC 1952, RFC 8878).
std::string_view sniff(std::string_view bytes) {
  if (bytes.starts_with("\x1f\x8b")) return "gzip";
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return "zstd";
  return "";
}

void body_text(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto bytes = load(context, arguments[0]);
  if (!bytes) return;
  std::string text;
  auto decoder = client::ContentDecoder::create(
      sniff(*bytes), {.max_output = kLargestBody},
      [&](std::span<const char> piece) { text.append(piece.data(), piece.size()); });
  const bool decoded = decoder && decoder->push(*bytes) && decoder->finish();
  const std::string& shown = decoded ? text : *bytes;
  sqlite3_result_text64(context, shown.data(), shown.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Pragmas that only tell: with an argument, about what it names; the others without one.
constexpr std::array<std::string_view, 9> kAskAbout = {
    "table_info",  "table_xinfo", "table_list",      "index_list",      "index_info",
    "index_xinfo", "quick_check", "integrity_check", "foreign_key_list"};
constexpr std::array<std::string_view, 12> kAsk = {
    "user_version", "application_id", "schema_version", "data_version",
    "page_count",   "page_size",      "freelist_count", "auto_vacuum",
    "journal_mode", "encoding",       "database_list",  "compile_options"};

bool only_tells(std::string_view pragma, bool argument) {
  const auto in = [&](const auto& names) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view name) { return http::iequals(name, pragma); });
  };
  return in(kAskAbout) || (!argument && in(kAsk));
}

int authorize(void*, int action, const char* name, const char* argument, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_PRAGMA:
      return only_tells(name, argument != nullptr) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

void add(storage::Database& log, const char* name, int arguments,
         void (*function)(sqlite3_context*, int, sqlite3_value**)) {
  sqlite3_create_function_v2(log.handle(), name, arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY, &log,
                             function, nullptr, nullptr, nullptr);
}

}  // namespace

void add_sql_functions(storage::Database& log) {
  add(log, "header", 2, header);
  add(log, "body", 1, body);
  add(log, "body_text", 1, body_text);
  sqlite3_set_authorizer(log.handle(), authorize, nullptr);
}

}  // namespace tapedeck::cli
