#include "storage/sqlite.hpp"

#include <filesystem>
#include <sqlite3.h>
#include <utility>

namespace tapedeck::storage {
namespace {

class SqliteCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "sqlite"; }
  std::string message(int value) const override { return sqlite3_errstr(value); }
};

/// How long a reader waits for a lock before it gives up, in milliseconds.
constexpr int kBusyTimeout = 5'000;

[[noreturn]] void fail(sqlite3* handle, int code) {
  throw SqliteError(handle != nullptr ? sqlite3_extended_errcode(handle) : code,
                    handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
}

/// A path as a file: URI.
std::string uri_of(const std::string& path) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '?' || c == '#' || c == '%') {
      const auto byte = static_cast<unsigned char>(c);
      uri += '%';
      uri += hex[byte >> 4];
      uri += hex[byte & 15];
    } else {
      uri += c;
    }
  }
  return uri;
}

int open(const std::string& name, int flags, sqlite3** handle) {
  const int code = sqlite3_open_v2(name.c_str(), handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) return code;
  sqlite3_extended_result_codes(*handle, 1);
  sqlite3_busy_timeout(*handle, kBusyTimeout);
  return SQLITE_OK;
}

}  // namespace

const std::error_category& sqlite_category() noexcept {
  static const SqliteCategory category;
  return category;
}

SqliteError::SqliteError(int code, const std::string& what)
    : std::system_error(code, sqlite_category(), what), sentence_(what) {}

Database::Database(const std::string& path, Access access) {
  if (access == Access::read_write_create) {
    const int code = open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &handle_);
    if (code != SQLITE_OK) open_failed(code);
    return;
  }
  int code = open(path, SQLITE_OPEN_READONLY, &handle_);
  if (code != SQLITE_OK) open_failed(code);
  try {
    execute("PRAGMA query_only = 1; PRAGMA trusted_schema = 0; SELECT 1 FROM sqlite_schema");
  } catch (const SqliteError& error) {
    // A WAL database on a read-only medium cannot make its -shm file. Without a -wal nothing can
    // be missing from the main file, so it may be read as one that never changes.
    if ((error.code().value() & 0xff) != SQLITE_CANTOPEN ||
        std::filesystem::exists(path + "-wal")) {
      close();
      throw;
    }
    close();
    code = open(uri_of(path) + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, &handle_);
    if (code != SQLITE_OK) open_failed(code);
    execute("PRAGMA query_only = 1; PRAGMA trusted_schema = 0");
  }
}

Database::~Database() { close(); }

void Database::close() noexcept {
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

void Database::open_failed(int code) {
  const std::string what = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  close();
  throw SqliteError(code, what);
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_, code);
}

Statement Database::prepare(std::string_view sql) { return Statement(handle_, sql); }

std::int64_t Database::last_insert_id() const noexcept {
  return sqlite3_last_insert_rowid(handle_);
}

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(handle_); }

Statement::Statement(sqlite3* handle, std::string_view sql) {
  const int code = sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code != SQLITE_OK) fail(handle, code);
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_, index, value);
  return *this;
}

Statement& Statement::bind(int index, double value) {
  sqlite3_bind_double(statement_, index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL where an empty text is meant.
  sqlite3_bind_text64(statement_, index, text.data() != nullptr ? text.data() : "", text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, std::span<const char> bytes) {
  sqlite3_bind_blob64(statement_, index, bytes.data() != nullptr ? bytes.data() : "", bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(statement_, index);
  return *this;
}

Statement& Statement::bind_or_null(int index, std::string_view text) {
  return text.empty() ? bind_null(index) : bind(index, text);
}

Statement& Statement::bind(int index, std::optional<std::int64_t> value) {
  return value ? bind(index, *value) : bind_null(index);
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* const handle = sqlite3_db_handle(statement_);
  const int extended = sqlite3_extended_errcode(handle);
  const std::string what = sqlite3_errmsg(handle);
  sqlite3_reset(statement_);
  throw SqliteError(extended, what);
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() noexcept { sqlite3_reset(statement_); }

bool Statement::is_null(int column) const { return column_type(column) == SQLITE_NULL; }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const char> Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

int Statement::column_count() const { return sqlite3_column_count(statement_); }

std::string_view Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(statement_, column);
  return name != nullptr ? name : "";
}

int Statement::column_type(int column) const { return sqlite3_column_type(statement_, column); }

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (done_) return;
  // SQLite has rolled back by itself after some errors; then there is nothing left to undo.
  sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.execute("COMMIT");
  done_ = true;
}

}  // namespace tapedeck::storage
