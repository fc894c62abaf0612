"""docs/queries.md: every query there, on a log that has something to find for each."""
import contextlib
import os
import re
import sqlite3

from harness import Case, Daemon

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")

# What its first row must hold, where the log below decides it.
FIRST = {5: r"GET\s+http://\S+/again\s+3", 8: r"/broken", 14: r"\s3\s", 15: r"302\s+/elsewhere",
         17: r"/missing", 18: r"Ada", 20: r"1\s+400"}


class Queries(Case):
    def queries(self):
        with open(os.path.join(ROOT, "docs", "queries.md")) as file:
            text = re.search(r"```sql\n(.*?)```", file.read(), re.S).group(1)
        parts = re.split(r"^-- (\d+) +(.*)$", text, flags=re.M)[1:]
        return [(int(parts[i]), parts[i + 1], parts[i + 2]) for i in range(0, len(parts), 3)]

    def fill(self, db):
        """Rows as a daemon would have written them."""
        with contextlib.closing(sqlite3.connect(db)) as log:
            def add(path, status=200, state="complete", answer="{}", headers="[]", **columns):
                log.execute("INSERT OR IGNORE INTO body(sha256, size, stored_size, bytes) "
                            "VALUES(?1, ?2, ?2, ?3)",
                            (answer.encode().ljust(32)[:32], len(answer), answer.encode()))
                (body,), = log.execute("SELECT id FROM body WHERE bytes = ?", (answer.encode(),))
                row = dict(session_id=1, started_at=1795413600000000 + add.count * 1_000_000,
                           state=state, mode="forward", method="GET", scheme="http",
                           host="api.example.com", port=80, status=status, request_size=0,
                           response_size=len(answer), response_body_id=body,
                           total_us=1000 * (add.count + 1), dns_us=1, connect_us=2, tls_us=3,
                           wait_us=4, receive_us=5, upstream_reused=add.count % 2, path=path,
                           request_headers='[["Authorization","Bearer t0p"]]',
                           response_headers=headers, **columns)
                add.count += 1
                log.execute(f"INSERT INTO exchange({','.join(row)}) "
                            f"VALUES({','.join('?' * len(row))})", list(row.values()))
            add.count = 0
            as_json = '[["Content-Type","application/json"]]'
            add("/users", answer='{"users":[{"name":"Ada"}]}', headers=as_json,
                tls_version="TLSv1.2", peer_cert_sha256="ab")
            for _ in range(3):
                add("/again", answer="same")
            add("/broken", status=500)
            add("/broken")
            add("/missing", status=404, answer='{"error":"no such thing"}', headers=as_json)
            add("/moved", status=302, headers='[["Location","/elsewhere"]]')
            log.executemany("INSERT INTO stream_event(exchange_id, offset, at_us) VALUES(1, ?, ?)",
                            [(0, 1000), (5, 401000), (9, 500000)])
            log.commit()

    def test_each_runs_and_finds_something(self):
        daemon = Daemon(self)
        daemon.stop()
        self.fill(daemon.db)
        queries = self.queries()
        self.assertEqual([number for number, _, _ in queries], list(range(1, 21)))
        for number, title, sql in queries:
            with self.subTest(number=number, title=title):
                found = self.tapedeck("sql", "--db", daemon.db, sql).stdout.splitlines()
                self.assertGreater(len(found), 1, "no row")
                self.assertRegex(found[1], FIRST.get(number, r"\S"))
