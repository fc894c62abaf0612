#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/http/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tapedeck::storage {

/// SQLite's result codes as error codes: primary or extended (`SQLITE_FULL`, ...).
const std::error_category& sqlite_category() noexcept;

/// What throws inside the storage library when SQLite refuses; callers outside see Failures.
class SqliteError : public std::system_error {
 public:
  SqliteError(int code, const std::string& what);
  /// SQLite's own words, without those of the code.
  const std::string& sentence() const noexcept { return sentence_; }

 private:
  std::string sentence_;
};

class Statement;

/// One connection to one database file. Not thread-safe: one thread at a time.
class Database {
 public:
  enum class Access {
    read_write_create,  ///< the writer: exactly one in the world at a time
    read_only,          ///< everyone else: SQLITE_OPEN_READONLY, query_only, trusted_schema off
  };
  /// Throws SqliteError. A read-only open also works on a read-only medium (immutable) when the
  /// -wal file is absent.
  Database(const std::string& path, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// What runs now on this connection, on whichever thread, fails with SQLITE_INTERRUPT. Any
  /// thread.
  void interrupt() noexcept;

  /// Runs one or more statements that return no rows.
  void execute(const std::string& sql);
  Statement prepare(std::string_view sql);
  std::int64_t last_insert_id() const noexcept;
  std::int64_t changes() const noexcept;
  /// Rows changed since the connection was opened, a virtual table's own among them.
  std::int64_t total_changes() const noexcept;
  sqlite3* handle() const noexcept { return handle_; }

 private:
  sqlite3* handle_ = nullptr;
};

/// A prepared statement. Text and blobs are bound without copying: what is bound must live until
/// the next reset(). Parameters count from 1, columns from 0.
class Statement {
 public:
  Statement(sqlite3* handle, std::string_view sql);
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::span<const char> bytes);
  Statement& bind_null(int index);
  /// NULL when empty.
  Statement& bind_or_null(int index, std::string_view text);
  Statement& bind(int index, std::optional<std::int64_t> value);

  /// True while there is a row. Throws SqliteError.
  bool step();
  /// Steps to the end and resets: for statements that return nothing.
  void run();
  void reset() noexcept;
  /// Makes every parameter NULL.
  void clear_bindings() noexcept;

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  /// Valid until the next step or reset.
  std::string_view text(int column) const;
  std::span<const char> blob(int column) const;
  int column_count() const;
  std::string_view column_name(int column) const;
  /// SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL.
  int column_type(int column) const;
  sqlite3_stmt* handle() const noexcept { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

/// BEGIN IMMEDIATE … COMMIT; rolls back unless commit() was reached.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool done_ = false;
};

/// Of the library that is loaded: "3.40.1".
std::string_view sqlite_version() noexcept;

}  // namespace tapedeck::storage
