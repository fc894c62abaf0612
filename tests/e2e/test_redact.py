"""Redaction: what is secret never reaches the disk, and scrub takes out what did."""
import glob
import gzip
import http.server
import json
import os
import sqlite3
import stat
import threading
import time
import unittest

from harness import Case, Daemon

SECRET = "Zq7wVx93KpLmT4yRb8Nc"  # no part of it stands anywhere by chance
PIECES = (SECRET, SECRET[2:], SECRET.lower()[2:])
RULES = ("standard", "query:api_key", "form:password", "json:$.user.token")


def options(rules):
    return [word for rule in rules for word in ("--redact", rule)]


class Redact(Case):
    def origin(self):
        """Answers with the secret everywhere."""

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            served = []

            def answer(self):
                asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.served.append((self.path, self.headers.get("Authorization"), asked))
                body = json.dumps({"user": {"name": "ada", "token": SECRET}}).encode()
                if self.path.startswith("/big"):
                    body = json.dumps({"user": {"token": SECRET}, "pad": "x" * 2_000_000}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Set-Cookie", f"sid={SECRET}; Path=/")
                self.send_header("Location", f"/next?api_key={SECRET}&page=2")
                if self.path.startswith("/gzip"):
                    body = gzip.compress(body)
                    self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.stop_origin = server.shutdown
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}", Handler.served

    def ask_all(self, daemon, origin, secret=SECRET):
        """Every way in; what was answered."""
        answers = []
        for arguments in (("-H", f"Authorization: Bearer {secret}", f"{origin}/a"),
                          ("-H", f"Cookie: theme=dark; sid={secret}", f"{origin}/b"),
                          (f"{origin}/c?page=1&api_key={secret}",),
                          ("-d", f"name=ada&password={secret}", f"{origin}/d"),
                          ("-F", f"password={secret}", "-F", "name=ada", f"{origin}/e"),
                          ("-H", "Content-Type: application/json", "-d",
                           json.dumps({"user": {"token": secret}, "n": 1}), f"{origin}/f"),
                          ("--compressed", f"{origin}/gzip"), (f"{origin}/big",)):
            answers.append(self.curl(daemon, *arguments).stdout)
        return answers

    def assert_absent(self, db):
        for name in filter(os.path.isfile, glob.glob(db + "*")):
            with open(name, "rb") as file:
                content = file.read()
            for piece in PIECES:
                self.assertNotIn(piece.encode(), content, name)

    def terms(self, db):
        """The words of the text index."""
        with sqlite3.connect(db) as log:
            log.execute("CREATE VIRTUAL TABLE temp.term USING fts5vocab('main','exchange_text','row')")
            return {term for term, in log.execute("SELECT term FROM temp.term")}

    def await_indexed(self, daemon):
        end = time.monotonic() + 30
        while daemon.rows("SELECT (SELECT id FROM text_position) < (SELECT max(id) FROM exchange)"
                          " OR EXISTS (SELECT 1 FROM text_pending)") != [(0,)]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def test_never_reaches_the_disk(self):
        origin, served = self.origin()
        daemon = Daemon(self, *options(RULES))
        answers = self.ask_all(daemon, origin)
        self.curl(daemon, f"http://127.0.0.1:1/?api_key={SECRET}")
        daemon.await_rows(9)
        self.await_indexed(daemon)
        # What goes over the wire is what it was.
        self.assertTrue(all(SECRET in answer for answer in answers[:6] + answers[7:]))
        self.assertIn(f"/c?page=1&api_key={SECRET}", [path for path, *_ in served])
        self.assertIn(f"Bearer {SECRET}", [header for _, header, _ in served])
        self.assert_absent(daemon.db)
        rows = dict(daemon.rows("SELECT path, redacted FROM exchange"))
        self.assertEqual(rows["/a"], "response_body request_headers response_headers")
        self.assertIn("query", rows["/c"].split())
        self.assertIn("request_body", rows["/d"].split())
        self.assertIn("request_body", rows["/e"].split())
        self.assertEqual(daemon.rows("SELECT redacted, response_body_id, response_size > 2000000"
                                     " FROM exchange WHERE path = '/big'"),
                         [("response_body_withheld response_headers", None, 1)])
        # Equal secrets are equal still.
        token, = set(value for value, in daemon.rows(
            "SELECT substr(query, instr(query, '[')) FROM exchange WHERE path = '/c' UNION ALL"
            " SELECT substr(value, 8) FROM request_header WHERE name = 'Authorization' UNION ALL"
            " SELECT json_extract(bytes, '$.user.token') FROM exchange JOIN body"
            " ON body.id = response_body_id WHERE path IN ('/a', '/gzip')"))
        self.assertRegex(token, r"^\[redacted:[0-9a-f]{12}\]$")
        key = daemon.db + ".redact-key"
        self.assertEqual((stat.S_IMODE(os.stat(key).st_mode), os.stat(key).st_size), (0o600, 32))
        shown = self.tapedeck("--db", daemon.db, "show", "7").stdout
        self.assertIn('"token": "' + token, shown)
        self.assertIn("\nredacted  response_body request_headers response_headers\n",
                      self.tapedeck("--db", daemon.db, "show", "1").stdout)
        daemon.stop()
        self.assert_absent(daemon.db)

    def test_a_crash_leaves_none(self):
        origin, _ = self.origin()
        daemon = Daemon(self, "--commit", "strict", *options(RULES))
        self.ask_all(daemon, origin)
        daemon.kill()
        self.assert_absent(daemon.db)

    def test_replay_of_a_redacted_session(self):
        origin, _ = self.origin()
        daemon = Daemon(self, "--session", "one", *options(RULES))
        self.ask_all(daemon, origin)
        daemon.stop()
        self.stop_origin()
        for secret, key in (("another-one", True), (SECRET, True), (SECRET, False)):
            if not key:
                os.remove(daemon.db + ".redact-key")
            replay = Daemon(self, "--mode", "replay", "--session", "one", db=daemon.db)
            *answers, big = self.ask_all(replay, origin, secret)
            for answer in answers:
                self.assertRegex(json.loads(answer)["user"]["token"], r"^\[redacted:")
            self.assertIn("recorded without the whole body", big)
            head = self.curl(replay, "-D", "-", "-o", f"{self.dir}/out", f"{origin}/a").stdout
            self.assertIn("Tapedeck-Redacted: response_body response_headers\n", head)
            replay.stop()

    def test_the_same_secret_finds_its_own_answer(self):
        origin = self.echo_origin()
        daemon = Daemon(self, "--session", "one", "--redact", "query:key")
        for key in ("first-key", "second-key"):
            self.curl(daemon, "-d", f"of={key}", f"{origin}/?key={key}")
        for key in ("first-key", "second-key"):
            self.curl(daemon, f"{origin}/me?key={key}&n=1", "-H", f"X-Whose: {key[:3]}")
        daemon.stop()
        replay = Daemon(self, "--mode", "replay", "--session", "one", db=daemon.db)
        for key in ("second-key", "first-key"):
            answer = json.loads(self.curl(replay, f"{origin}/me?key={key}&n=1").stdout)
            self.assertIn(["X-Whose", key[:3]], answer["headers"])
        missed = self.curl(replay, f"{origin}/me?key=first-key&n=2").stdout
        self.assertIn("query n: 2, recorded 1", missed)
        self.assertNotIn("query key", missed)

    def test_a_miss_does_not_tell(self):
        origin, _ = self.origin()
        Daemon(self).stop()
        replay = Daemon(self, "--mode", "replay", *options(RULES))
        self.ask_all(replay, origin)
        replay.await_rows(8)
        replay.stop()
        self.assert_absent(replay.db)

    def record(self):
        """A log full of secrets, indexed."""
        origin, _ = self.origin()
        daemon = Daemon(self)
        self.ask_all(daemon, origin)
        self.curl(daemon, "-H", f"X-Other: {SECRET}", f"{origin}/x/{SECRET}/y?a={SECRET}")
        daemon.await_rows(9)
        self.await_indexed(daemon)
        self.assertIn(SECRET.lower(), self.terms(daemon.db))
        return daemon, origin

    def scrub_by_value(self, *arguments):
        return self.tapedeck(*arguments, "scrub", "--value", "-", input=SECRET + "\n").stderr

    def test_scrub_while_recording(self):
        daemon, origin = self.record()
        said = self.scrub_by_value("--db", daemon.db)
        self.assertRegex(said, r"^tapedeck: changed 9 exchanges: \d+ bodies rewritten, 1 removed\n$")
        self.assert_absent(daemon.db)
        self.assertNotIn(SECRET.lower(), self.terms(daemon.db))
        self.assertEqual(os.path.getsize(daemon.db + "-wal"), 0)
        self.assertIn("changed 0 exchanges", self.scrub_by_value("--db", daemon.db))
        # It goes on recording, and finds what it had recorded.
        self.curl(daemon, f"{origin}/a", "-d", "fresh=content")
        daemon.await_rows(10)
        self.await_indexed(daemon)
        self.assertEqual(daemon.rows("PRAGMA integrity_check"), [("ok",)])
        self.assertIn("/gzip", self.tapedeck("--db", daemon.db, "ls", "ada", "path:/gzip").stdout)
        self.assertEqual(daemon.stop()[0], 0)

    def test_scrub_of_a_log_nobody_has_open(self):
        daemon, _ = self.record()
        daemon.stop()
        said = self.tapedeck("--db", daemon.db, "scrub", "--redact", "standard", "--query", "api_key",
                             "--form", "password", "--json-path", "$.user.token", "--header",
                             "x-other", "--dry-run").stderr
        self.assertRegex(said, "^tapedeck: would change 9 exchanges")
        self.assertFalse(os.path.exists(daemon.db + ".redact-key"))
        self.assertRegex(self.scrub_by_value("--db", daemon.db), "^tapedeck: changed 9 exchanges")
        self.assert_absent(daemon.db)
        self.assertNotIn(SECRET.lower(), self.terms(daemon.db))

    def test_scrub_by_rule(self):
        daemon, _ = self.record()
        daemon.stop()
        self.tapedeck("--db", daemon.db, "scrub", "path:/c", "--query", "api_key")
        rows = daemon.rows("SELECT path FROM exchange WHERE query LIKE '%api_key=[redacted:%'")
        self.assertEqual(rows, [("/c",)])
        self.tapedeck("--db", daemon.db, "scrub", "-path:/x/*", "--redact", "standard", "--redact",
                      "json:$.user.token", "--redact", "form:password", "--query", "api_key")
        left = daemon.rows("SELECT path FROM exchange WHERE instr(path || coalesce(query, '') ||"
                           " request_headers || response_headers, ?)", SECRET)
        self.assertEqual([path.startswith("/x/") for path, in left], [True])

    def test_what_scrub_refuses(self):
        daemon, _ = self.record()
        daemon.stop()
        for arguments, sentence in (
                ((), "scrub takes a rule (--redact, --header, --query, ...) or --value"),
                (("--value", SECRET), "--value takes @FILE or -, so that no secret stands in a command"),
                (("--redact", "heder:x"), "rule 'heder:x': expected header:NAME, cookie:NAME, "
                 "query:NAME, json:PATH, form:NAME or body, not 'heder:x'; `standard` is the headers "
                 "that hold credentials")):
            said = self.tapedeck("--db", daemon.db, "scrub", *arguments, status=2).stderr
            self.assertIn(sentence, said)


if __name__ == "__main__":
    unittest.main()
