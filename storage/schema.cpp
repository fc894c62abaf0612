#include "storage/schema.hpp"

#include <filesystem>
#include <stdexcept>

namespace tapedeck::storage {
namespace {

constexpr const char* kVersion1 = R"sql(
CREATE TABLE session (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  command    TEXT
) STRICT;

CREATE TABLE body (
  id          INTEGER PRIMARY KEY,
  sha256      TEXT,
  size        INTEGER NOT NULL,
  stored_size INTEGER NOT NULL,
  truncated   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX body_sha256 ON body (sha256) WHERE sha256 IS NOT NULL;

CREATE TABLE body_chunk (
  body_id INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  bytes   BLOB NOT NULL,
  UNIQUE (body_id, seq)
) STRICT;

CREATE TABLE exchange (
  id                INTEGER PRIMARY KEY,
  session_id        INTEGER NOT NULL,
  started_at        INTEGER NOT NULL,
  client            TEXT,
  mode              TEXT NOT NULL,
  method            TEXT,
  scheme            TEXT,
  host              TEXT,
  port              INTEGER,
  path              TEXT,
  query             TEXT,
  request_version   TEXT,
  request_headers   TEXT NOT NULL,
  request_trailers  TEXT,
  request_body_id   INTEGER,
  request_size      INTEGER NOT NULL,
  status            INTEGER,
  reason            TEXT,
  response_version  TEXT,
  response_headers  TEXT NOT NULL,
  response_trailers TEXT,
  response_body_id  INTEGER,
  response_size     INTEGER NOT NULL,
  state             TEXT NOT NULL,
  error_stage       TEXT,
  error_code        TEXT,
  error_detail      TEXT,
  dns_us            INTEGER,
  connect_us        INTEGER,
  tls_us            INTEGER,
  send_us           INTEGER,
  wait_us           INTEGER,
  receive_us        INTEGER,
  total_us          INTEGER,
  upstream_address  TEXT,
  upstream_reused   INTEGER,
  tls_version       TEXT,
  tls_cipher        TEXT,
  peer_cert_sha256  TEXT,
  replay_of         INTEGER,
  match_key         TEXT
) STRICT;

CREATE VIEW exchange_url AS
SELECT id,
       CASE WHEN mode = 'tunnel' THEN authority ELSE scheme || '://' || authority || path
            || CASE WHEN query IS NULL THEN '' ELSE '?' || query END END AS url
FROM (SELECT *, CASE WHEN instr(host, ':') THEN '[' || host || ']' ELSE host END
        || CASE WHEN mode <> 'tunnel' AND port = CASE scheme WHEN 'https' THEN 443 ELSE 80 END
                THEN '' ELSE ':' || port END AS authority
      FROM exchange);

CREATE VIEW request_header AS
SELECT exchange.id AS exchange_id, line.key AS position,
       json_extract(line.value, '$[0]') AS name, json_extract(line.value, '$[1]') AS value
FROM exchange, json_each(exchange.request_headers) AS line;

CREATE VIEW response_header AS
SELECT exchange.id AS exchange_id, line.key AS position,
       json_extract(line.value, '$[0]') AS name, json_extract(line.value, '$[1]') AS value
FROM exchange, json_each(exchange.response_headers) AS line;
)sql";

int pragma(Database& database, const char* name) {
  Statement statement = database.prepare(std::string("PRAGMA ") + name);
  return statement.step() ? static_cast<int>(statement.integer(0)) : 0;
}

bool is_empty(Database& database) {
  return !database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").step();
}

void refuse_unknown(Database& database) {
  if (pragma(database, "application_id") != kApplicationId) {
    throw std::runtime_error("this is a database of another program, not a tapedeck log");
  }
  const int version = pragma(database, "user_version");
  if (version > kSchemaVersion) {
    throw std::runtime_error("the log has schema version " + std::to_string(version) +
                             ", newer than the " + std::to_string(kSchemaVersion) +
                             " this tapedeck knows: use a newer tapedeck");
  }
}

}  // namespace

void migrate(Database& database, const std::string& path) {
  if (is_empty(database)) {
    // Both only take effect before the first table is made.
    database.execute("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL");
  } else {
    refuse_unknown(database);
  }
  database.execute("PRAGMA journal_mode = WAL");
  const int version = pragma(database, "user_version");
  if (version == kSchemaVersion) return;
  if (version > 0) {
    std::filesystem::copy_file(path, path + ".v" + std::to_string(version) + "-backup",
                               std::filesystem::copy_options::overwrite_existing);
  }
  Transaction transaction(database);
  if (version < 1) database.execute(kVersion1);
  database.execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                   "; PRAGMA user_version = " + std::to_string(kSchemaVersion));
  transaction.commit();
}

void check_schema(Database& database) {
  refuse_unknown(database);
  if (pragma(database, "user_version") < kSchemaVersion) {
    throw std::runtime_error(
        "the log was written by an older tapedeck: start `tapedeck serve` "
        "once to bring it forward");
  }
}

}  // namespace tapedeck::storage
