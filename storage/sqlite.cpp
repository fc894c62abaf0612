#include "storage/sqlite.hpp"

#include <filesystem>
#include <sqlite3.h>
#include <utility>

namespace tapedeck::storage {
namespace {

/// How long a connection waits for another one's lock before it gives up.
constexpr int kBusyTimeoutMs = 5000;

class SqliteCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "sqlite"; }
  std::string message(int code) const override { return sqlite3_errstr(code); }
  std::error_condition default_error_condition(int code) const noexcept override {
    switch (code & 0xff) {
      case SQLITE_FULL:
        return std::errc::no_space_on_device;
      case SQLITE_IOERR:
        return std::errc::io_error;
      case SQLITE_PERM:
      case SQLITE_READONLY:
        return std::errc::permission_denied;
      default:
        return {code, *this};
    }
  }
};

[[noreturn]] void fail(sqlite3* handle) {
  throw SqliteError(sqlite3_extended_errcode(handle), sqlite3_errmsg(handle));
}

void check(int result, sqlite3* handle) {
  if (result != SQLITE_OK) fail(handle);
}

/// `path` as a URI that SQLite opens without locks and without a -shm file: right only where
/// nobody can write.
std::string immutable_uri(const std::string& path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      const auto byte = static_cast<unsigned char>(c);
      uri += '%';
      uri += kHex[byte >> 4];
      uri += kHex[byte & 15];
    } else {
      uri += c;
    }
  }
  return uri += "?immutable=1";
}

/// Closes a connection that could not be used, then throws what was wrong with it.
[[noreturn]] void close_and_fail(sqlite3* handle, int code, const std::string& path) {
  const std::string what =
      path + ": " + (handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle));
  if (handle != nullptr) code = sqlite3_extended_errcode(handle);
  sqlite3_close_v2(handle);
  throw SqliteError(code, what);
}

/// Reads from the file at once: SQLite opens lazily, and an unusable file should fail here.
int probe(sqlite3* handle) {
  return sqlite3_exec(handle, "PRAGMA schema_version", nullptr, nullptr, nullptr);
}

/// True when the -wal file holds nothing that an immutable read would miss.
bool without_wal(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path + "-wal", error);
  return error || size == 0;
}

sqlite3* open_writer(const std::string& path) {
  sqlite3* handle = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (result != SQLITE_OK) close_and_fail(handle, result, path);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  return handle;
}

sqlite3* open_reader(const std::string& path) {
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* handle = nullptr;
  int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (result != SQLITE_OK) close_and_fail(handle, result, path);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  result = probe(handle);
  const int primary = result & 0xff;
  if ((primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY) && without_wal(path)) {
    // A WAL database wants a -shm file beside it, which a read-only directory cannot give.
    sqlite3_close_v2(std::exchange(handle, nullptr));
    result =
        sqlite3_open_v2(immutable_uri(path).c_str(), &handle, flags | SQLITE_OPEN_URI, nullptr);
    if (result == SQLITE_OK) result = probe(handle);
  }
  if (result != SQLITE_OK) close_and_fail(handle, result, path);
  result = sqlite3_exec(handle, "PRAGMA query_only=1; PRAGMA trusted_schema=0", nullptr, nullptr,
                        nullptr);
  if (result != SQLITE_OK) close_and_fail(handle, result, path);
  return handle;
}

}  // namespace

const std::error_category& sqlite_category() noexcept {
  static const SqliteCategory category;
  return category;
}

SqliteError::SqliteError(int code, const std::string& what)
    : std::system_error(code, sqlite_category(), what), sentence_(what) {
  if ((code & 0xff) != SQLITE_CORRUPT) return;
  sentence_ += "; move the log away, or rescue it with sqlite3's .recover";
}

Database::Database(const std::string& path, Access access)
    : handle_(access == Access::read_only ? open_reader(path) : open_writer(path)) {}

Database::~Database() { sqlite3_close_v2(handle_); }

void Database::interrupt() noexcept { sqlite3_interrupt(handle_); }

void Database::execute(const std::string& sql) {
  check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), handle_);
}

Statement Database::prepare(std::string_view sql) { return {handle_, sql}; }

std::int64_t Database::last_insert_id() const noexcept {
  return sqlite3_last_insert_rowid(handle_);
}

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(handle_); }

std::int64_t Database::total_changes() const noexcept { return sqlite3_total_changes64(handle_); }

Statement::Statement(sqlite3* handle, std::string_view sql) {
  check(sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement_, nullptr),
        handle);
}

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, index, value), sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind(int index, double value) {
  check(sqlite3_bind_double(statement_, index, value), sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL; empty text is not NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  check(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8),
        sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind_blob(int index, std::span<const char> bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  check(sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC),
        sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind_null(int index) {
  check(sqlite3_bind_null(statement_, index), sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind_or_null(int index, std::string_view text) {
  return text.empty() ? bind_null(index) : bind(index, text);
}

Statement& Statement::bind(int index, std::optional<std::int64_t> value) {
  return value ? bind(index, *value) : bind_null(index);
}

bool Statement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  const std::string what = sqlite3_errmsg(sqlite3_db_handle(statement_));
  reset();
  throw SqliteError(result, what);
}

void Statement::run() {
  while (step()) continue;
  reset();
}

void Statement::reset() noexcept { sqlite3_reset(statement_); }

void Statement::clear_bindings() noexcept { sqlite3_clear_bindings(statement_); }

bool Statement::is_null(int column) const { return column_type(column) == SQLITE_NULL; }

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const char> Statement::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

int Statement::column_count() const { return sqlite3_column_count(statement_); }

std::string_view Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(statement_, column);
  return name == nullptr ? std::string_view{} : name;
}

int Statement::column_type(int column) const { return sqlite3_column_type(statement_, column); }

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself (disk full, I/O error): then there is nothing to undo.
  if (!done_ && sqlite3_get_autocommit(database_.handle()) == 0) {
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  done_ = true;
}

std::string_view sqlite_version() noexcept { return sqlite3_libversion(); }

}  // namespace tapedeck::storage
