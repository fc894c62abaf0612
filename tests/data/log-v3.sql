-- A log of schema version 3: the three exchanges of log-v1.sql, as that version migrated them.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE session(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,
  command    TEXT
, pinned INTEGER NOT NULL DEFAULT 0, note TEXT) STRICT;
INSERT INTO session VALUES(1,'first',1795443632802889,1795443632878224,'sh -c curl -s http://127.0.0.1:18911/a.json; curl -s "http://127.0.0.1:18911/missing?q=1" -d "a=b" -o /dev/null; curl -s http://127.0.0.1:9/ -o /dev/null',0,NULL);
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
, tls_sni TEXT, tls_alpn TEXT) STRICT;
INSERT INTO exchange VALUES(1,1,1795443632840064,'complete','forward','GET','http','127.0.0.1',18911,200,0,18,NULL,1,8746,NULL,101,NULL,16,8457,74,NULL,NULL,NULL,NULL,NULL,'127.0.0.1:45656','127.0.0.1:18911',0,NULL,NULL,NULL,'HTTP/1.1','HTTP/1.0','OK','/a.json',NULL,'[["Host","127.0.0.1:18911"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["Proxy-Connection","Keep-Alive"]]',NULL,'[["Server","SimpleHTTP/0.6 Python/3.11.7"],["Date","Mon, 23 Nov 2026 14:20:32 GMT"],["Content-type","application/json"],["Content-Length","18"],["Last-Modified","Mon, 23 Nov 2026 14:20:32 GMT"]]',NULL,NULL,NULL);
INSERT INTO exchange VALUES(2,1,1795443632864386,'complete','forward','POST','http','127.0.0.1',18911,501,3,357,2,3,1357,NULL,504,NULL,18,607,100,NULL,NULL,NULL,NULL,NULL,'127.0.0.1:45670','127.0.0.1:18911',0,NULL,NULL,NULL,'HTTP/1.1','HTTP/1.0','Unsupported method (''POST'')','/missing','q=1','[["Host","127.0.0.1:18911"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["Proxy-Connection","Keep-Alive"],["Content-Length","3"],["Content-Type","application/x-www-form-urlencoded"]]',NULL,'[["Server","SimpleHTTP/0.6 Python/3.11.7"],["Date","Mon, 23 Nov 2026 14:20:32 GMT"],["Connection","close"],["Content-Type","text/html;charset=utf-8"],["Content-Length","357"]]',NULL,NULL,NULL);
INSERT INTO exchange VALUES(3,1,1795443632875862,'failed','forward','GET','http','127.0.0.1',9,502,0,127,NULL,4,135,NULL,NULL,NULL,NULL,NULL,NULL,'connect','connection_refused','Connection refused: 127.0.0.1 port 9 (127.0.0.1:9 Connection refused)',NULL,NULL,'127.0.0.1:45684',NULL,NULL,NULL,NULL,NULL,'HTTP/1.1','HTTP/1.1','Bad Gateway','/',NULL,'[["Host","127.0.0.1:9"],["User-Agent","curl/7.88.1"],["Accept","*/*"],["Proxy-Connection","Keep-Alive"]]',NULL,'[["Date","Mon, 23 Nov 2026 14:20:32 GMT"],["Proxy-Status","tapedeck; error=connection_refused; details=\"connect: Connection refused: 127.0.0.1 port 9 (127.0.0.1:9 Connection refused). Check that the server is running on that port.\""],["Content-Type","text/plain; charset=utf-8"],["X-Content-Type-Options","nosniff"]]',NULL,NULL,NULL);
CREATE TABLE body(
  id          INTEGER PRIMARY KEY,
  sha256      BLOB,
  size        INTEGER NOT NULL,
  stored_size INTEGER NOT NULL,
  truncated   INTEGER NOT NULL DEFAULT 0,
  bytes       BLOB
) STRICT;
INSERT INTO body VALUES(1,X'6a47c31b7b7c3b9a1dbc960669f4674ce088c8fc9d9a4f7e9fcc3f6a81f7b86c',18,18,0,X'7b2268656c6c6f223a22776f726c64227d0a');
INSERT INTO body VALUES(2,X'42144f3939c3ffbbf0bf8b1f12affb5c23a4c5bd41e0ff672d54a5754f062058',3,3,0,X'613d62');
INSERT INTO body VALUES(3,X'9db63badfe22ae317bb182ea4389178c45c2c003cced7362b283e97effbc348f',357,357,0,X'3c21444f43545950452048544d4c3e0a3c68746d6c206c616e673d22656e223e0a202020203c686561643e0a20202020202020203c6d65746120636861727365743d227574662d38223e0a20202020202020203c7469746c653e4572726f7220726573706f6e73653c2f7469746c653e0a202020203c2f686561643e0a202020203c626f64793e0a20202020202020203c68313e4572726f7220726573706f6e73653c2f68313e0a20202020202020203c703e4572726f7220636f64653a203530313c2f703e0a20202020202020203c703e4d6573736167653a20556e737570706f72746564206d6574686f64202827504f535427292e3c2f703e0a20202020202020203c703e4572726f7220636f6465206578706c616e6174696f6e3a20353031202d2053657276657220646f6573206e6f7420737570706f72742074686973206f7065726174696f6e2e3c2f703e0a202020203c2f626f64793e0a3c2f68746d6c3e0a');
INSERT INTO body VALUES(4,X'b30748c53efc11b8d60d80d1d37adfd2a95489b7ecc785466ccecbdf7f72031c',127,127,0,X'636f6e6e6563743a20436f6e6e656374696f6e20726566757365643a203132372e302e302e3120706f7274203920283132372e302e302e313a3920436f6e6e656374696f6e2072656675736564292e20436865636b207468617420746865207365727665722069732072756e6e696e67206f6e207468617420706f72742e0a');
CREATE TABLE body_chunk(
  body_id INTEGER NOT NULL REFERENCES body(id),
  seq     INTEGER NOT NULL,
  bytes   BLOB NOT NULL
) STRICT;
CREATE TABLE stream_event(
  exchange_id INTEGER NOT NULL REFERENCES exchange(id),
  offset      INTEGER NOT NULL,
  at_us       INTEGER NOT NULL,
  PRIMARY KEY(exchange_id, offset)
) STRICT, WITHOUT ROWID;
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
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('session',1);
INSERT INTO sqlite_sequence VALUES('exchange',3);
CREATE INDEX exchange_open ON exchange(id) WHERE state = 'open';
CREATE UNIQUE INDEX body_digest ON body(sha256, size);
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

PRAGMA application_id=1413566533;
PRAGMA user_version=3;
CREATE VIRTUAL TABLE exchange_text USING fts5(words, content='', columnsize=0, detail=none);
INSERT INTO exchange_text(exchange_text, rank) VALUES('crisismerge', 500);
CREATE TABLE text_position(
  id INTEGER NOT NULL
) STRICT;
INSERT INTO text_position VALUES(0);
CREATE TABLE text_pending(
  id INTEGER PRIMARY KEY
) STRICT;
COMMIT;
