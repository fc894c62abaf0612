#include "storage/schema.hpp"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <sqlite3.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace tapedeck::storage {
namespace {

// Columns that are read alone (state, sizes, status) come before the long ones: SQLite decodes a
// row from its front. There is no index but the one that finds leftovers of a crash: each would
// cost every recorded exchange about a microsecond. The header views take their lines apart with
// json_each alone: SQLite 3.40 refuses its own -> and json_extract() in a view to a connection with
// trusted_schema=0, which every reader of ours is.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE session(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  command    TEXT
) STRICT;

CREATE TABLE exchange(
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id        INTEGER NOT NULL REFERENCES session(id),
  started_at        INTEGER NOT NULL,
  state             TEXT NOT NULL,
  mode              TEXT NOT NULL,
  method            TEXT,
  scheme            TEXT,
  host              TEXT,
  port              INTEGER,
  status            INTEGER,
  request_size      INTEGER NOT NULL,
  response_size     INTEGER NOT NULL,
  request_body_id   INTEGER REFERENCES body(id),
  response_body_id  INTEGER REFERENCES body(id),
  total_us          INTEGER,
  dns_us            INTEGER,
  connect_us        INTEGER,
  tls_us            INTEGER,
  send_us           INTEGER,
  wait_us           INTEGER,
  receive_us        INTEGER,
  error_stage       TEXT,
  error_code        TEXT,
  error_detail      TEXT,
  replay_of         INTEGER REFERENCES exchange(id),
  match_key         TEXT,
  client            TEXT,
  upstream_address  TEXT,
  upstream_reused   INTEGER,
  tls_version       TEXT,
  tls_cipher        TEXT,
  peer_cert_sha256  TEXT,
  request_version   TEXT,
  response_version  TEXT,
  reason            TEXT,
  path              TEXT,
  query             TEXT,
  request_headers   TEXT,
  request_trailers  TEXT,
  response_headers  TEXT,
  response_trailers TEXT
) STRICT;
CREATE INDEX exchange_open ON exchange(id) WHERE state = 'open';

CREATE TABLE body(
  id          INTEGER PRIMARY KEY,
  sha256      BLOB,
  size        INTEGER NOT NULL,
  stored_size INTEGER NOT NULL,
  truncated   INTEGER NOT NULL DEFAULT 0,
  bytes       BLOB
) STRICT;
CREATE UNIQUE INDEX body_digest ON body(sha256, size);

CREATE TABLE body_chunk(
  body_id INTEGER NOT NULL REFERENCES body(id),
  seq     INTEGER NOT NULL,
  bytes   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX body_chunk_place ON body_chunk(body_id, seq);

CREATE VIEW exchange_url(id, url) AS
SELECT id,
  CASE WHEN mode = 'tunnel' THEN '' ELSE coalesce(scheme || '://', '') END
  || CASE WHEN instr(host, ':') THEN '[' || host || ']' ELSE coalesce(host, '') END
  || CASE WHEN port IS NULL OR mode <> 'tunnel'
                AND (scheme, port) IN (VALUES ('http', 80), ('https', 443))
          THEN '' ELSE ':' || port END
  || coalesce(path, '') || coalesce('?' || query, '')
FROM exchange;

CREATE VIEW request_header(exchange_id, position, name, value) AS
SELECT exchange.id, line.key, name.atom, value.atom
FROM exchange, json_each(exchange.request_headers) AS line,
     json_each(line.value) AS name, json_each(line.value) AS value
WHERE name.key = 0 AND value.key = 1;

CREATE VIEW response_header(exchange_id, position, name, value) AS
SELECT exchange.id, line.key, name.atom, value.atom
FROM exchange, json_each(exchange.response_headers) AS line,
     json_each(line.value) AS name, json_each(line.value) AS value
WHERE name.key = 0 AND value.key = 1;
)sql";

// stream_event has its rows in the order a reader wants them, and no index beside.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE exchange ADD COLUMN tls_sni TEXT;
ALTER TABLE exchange ADD COLUMN tls_alpn TEXT;

CREATE TABLE stream_event(
  exchange_id INTEGER NOT NULL REFERENCES exchange(id),
  offset      INTEGER NOT NULL,
  at_us       INTEGER NOT NULL,
  PRIMARY KEY(exchange_id, offset)
) STRICT, WITHOUT ROWID;

ALTER TABLE session ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN note TEXT;
CREATE TABLE session_tag(
  session_id INTEGER NOT NULL REFERENCES session(id),
  tag        TEXT NOT NULL,
  PRIMARY KEY(session_id, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap(
  id         INTEGER PRIMARY KEY,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER NOT NULL,
  exchanges  INTEGER NOT NULL,
  reason     TEXT NOT NULL
) STRICT;
)sql";

// Filled behind the recorder, see TextIndex. It keeps which exchanges have a word, not where in
// them: a third of the size, and rows that match are looked at anyway. crisismerge: SQLite would
// otherwise now and then merge much at once, and keep the writer from jobs.
constexpr const char* kVersion3 = R"sql(
CREATE VIRTUAL TABLE exchange_text USING fts5(words, content='', columnsize=0, detail=none);
INSERT INTO exchange_text(exchange_text, rank) VALUES('crisismerge', 500);
CREATE TABLE text_position(
  id INTEGER NOT NULL
) STRICT;
INSERT INTO text_position VALUES(0);
CREATE TABLE text_pending(
  id INTEGER PRIMARY KEY
) STRICT;
)sql";

constexpr const char* kVersion4 = R"sql(
ALTER TABLE exchange ADD COLUMN redacted TEXT;
)sql";

constexpr std::array kSteps{kVersion1, kVersion2, kVersion3, kVersion4};

/// Measured: 8 KiB takes a fifth off what 4 KiB pages cost a recorded exchange; 16 KiB little more,
/// and makes each small commit write twice as much.
constexpr int kPageSize = 8192;

std::int64_t pragma(Database& database, const std::string& name) {
  Statement statement = database.prepare("PRAGMA " + name);
  return statement.step() ? statement.integer(0) : 0;
}

struct Stamp {
  std::int64_t application_id;
  std::int64_t version;
  bool empty;  ///< no table, no view
};

Stamp read_stamp(Database& database) {
  Statement objects = database.prepare("SELECT count(*) FROM sqlite_schema");
  objects.step();
  return {pragma(database, "application_id"), pragma(database, "user_version"),
          objects.integer(0) == 0};
}

std::string foreign_sentence(const std::string& path) {
  return path + " is another program's SQLite database; name a different file";
}

std::string newer_sentence(const std::string& path, std::int64_t version, std::size_t known) {
  return path + " was written by a newer tapedeck (schema " + std::to_string(version) +
         ", this one knows up to " + std::to_string(known) + "); use that version";
}

/// Makes `file` mode 0600. By path: closing a descriptor of an open database would drop the locks
/// that SQLite holds on it in this process.
void tighten(const std::string& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    throw std::system_error(errno, std::generic_category(), file);
  }
  // A directory named by mistake must not lose its permissions.
  if (!S_ISREG(status.st_mode)) {
    throw std::system_error(EINVAL, std::generic_category(), file + " is not a file");
  }
  if ((status.st_mode & 0077) != 0 && chmod(file.c_str(), 0600) != 0) {
    throw std::system_error(errno, std::generic_category(), file);
  }
}

/// Creates `directory` and what is missing above it, each 0700; leaves existing ones alone.
void make_private_directories(const std::filesystem::path& directory) {
  if (directory.empty() || std::filesystem::exists(directory)) return;
  make_private_directories(directory.parent_path());
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    throw std::system_error(errno, std::generic_category(), directory.string());
  }
}

void keep_copy(Database& database, const std::string& copy_path) {
  std::filesystem::remove(copy_path);
  make_private(copy_path);
  Database copy(copy_path, Database::Access::read_write_create);
  sqlite3_backup* backup = sqlite3_backup_init(copy.handle(), "main", database.handle(), "main");
  if (backup == nullptr) {
    throw SqliteError(sqlite3_extended_errcode(copy.handle()), sqlite3_errmsg(copy.handle()));
  }
  sqlite3_backup_step(backup, -1);
  const int result = sqlite3_backup_finish(backup);
  if (result != SQLITE_OK) throw SqliteError(result, copy_path);
}

void run_steps(Database& database, std::int64_t from, std::span<const char* const> steps) {
  Transaction transaction(database);
  for (auto i = static_cast<std::size_t>(from); i < steps.size(); ++i) database.execute(steps[i]);
  database.execute("PRAGMA application_id=" + std::to_string(kApplicationId) +
                   "; PRAGMA user_version=" + std::to_string(steps.size()));
  transaction.commit();
}

}  // namespace

std::span<const char* const> schema_steps() noexcept { return kSteps; }

std::string redacted_column(Database& log) {
  constexpr std::int64_t kSince = 4;
  return pragma(log, "user_version") >= kSince ? "exchange.redacted" : "NULL";
}

int schema_version() noexcept { return static_cast<int>(kSteps.size()); }

void make_private(const std::string& path) {
  make_private_directories(std::filesystem::path(path).parent_path());
  const int file = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) {
    close(file);
  } else if (errno != EEXIST) {
    throw std::system_error(errno, std::generic_category(), path);
  }
  tighten(path);
  tighten(path + "-wal");
  tighten(path + "-shm");
}

std::optional<std::string> damage_sentence(const SqliteError& error, const std::string& path) {
  switch (error.code().value() & 0xff) {
    case SQLITE_NOTADB:
      return path + " is not a SQLite database";
    case SQLITE_CORRUPT:
      return path + " is damaged; move it away, or rescue it with sqlite3's .recover";
    default:
      return std::nullopt;
  }
}

void migrate(Database& database, const std::string& path, std::span<const char* const> steps) {
  try {
    const Stamp stamp = read_stamp(database);
    if (stamp.empty && stamp.application_id == 0) {
      // Both must be set before the first table is made.
      database.execute("PRAGMA page_size=" + std::to_string(kPageSize) +
                       "; PRAGMA auto_vacuum=INCREMENTAL");
    } else if (stamp.application_id != kApplicationId) {
      throw std::runtime_error(foreign_sentence(path));
    }
    if (stamp.version > static_cast<std::int64_t>(steps.size())) {
      throw std::runtime_error(newer_sentence(path, stamp.version, steps.size()));
    }
    database.execute("PRAGMA journal_mode=WAL");
    if (stamp.version == static_cast<std::int64_t>(steps.size())) return;
    if (stamp.version > 0) {
      keep_copy(database, path + ".v" + std::to_string(stamp.version) + "-backup");
    }
    run_steps(database, stamp.version, steps);
  } catch (const SqliteError& error) {
    if (auto sentence = damage_sentence(error, path)) throw std::runtime_error(*sentence);
    throw;
  }
}

Result<void> check_readable(Database& database, const std::string& path) {
  const auto refuse = [](std::string sentence) {
    return Failure{std::make_error_code(std::errc::invalid_argument), Stage::record, Blame::local,
                   std::move(sentence)};
  };
  try {
    const Stamp stamp = read_stamp(database);
    if (stamp.application_id != kApplicationId) {
      return refuse(path + " is not a tapedeck database");
    }
    if (stamp.version > schema_version()) {
      return refuse(newer_sentence(path, stamp.version, kSteps.size()));
    }
    return {};
  } catch (const SqliteError& error) {
    const auto sentence = damage_sentence(error, path);
    return Failure{error.code(), Stage::record, Blame::local,
                   sentence ? *sentence : std::string(error.what())};
  }
}

}  // namespace tapedeck::storage
