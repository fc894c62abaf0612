"""export and import: what was recorded leaves the log and comes back the same."""
import base64
import contextlib
import gzip
import hashlib
import http.client
import json
import os
import socket
import socketserver
import sqlite3
import stat
import threading

import jsonschema

from harness import DEADLINE, Case, Daemon, TAPEDECK

HERE = os.path.dirname(os.path.abspath(__file__))
ALL_BYTES = bytes(range(256))

# What a row says about an exchange, but for what a new log numbers anew.
COLUMNS = """started_at, state, mode, client, upstream_address, upstream_reused, method, scheme, host,
port, path, query, status, reason, request_version, response_version, request_headers,
request_trailers, response_headers, response_trailers, request_size, response_size, dns_us,
connect_us, tls_us, send_us, wait_us, receive_us, total_us, error_stage, error_code, error_detail,
tls_version, tls_cipher, peer_cert_sha256"""


def rows(db):
    """Every exchange of a log with its bodies, in order."""
    def body(log, number):
        if number is None:
            return None
        (small, digest, size), = log.execute("SELECT bytes, sha256, size FROM body WHERE id = ?",
                                             (number,))
        whole = small if small is not None else b"".join(
            piece for piece, in log.execute(
                "SELECT bytes FROM body_chunk WHERE body_id = ? ORDER BY seq", (number,)))
        assert hashlib.sha256(whole).digest() == digest and len(whole) == size
        return whole

    log = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    try:
        return [(*row, body(log, request), body(log, response)) for *row, request, response in
                log.execute(f"SELECT {COLUMNS}, request_body_id, response_body_id "
                            "FROM exchange ORDER BY id")]
    finally:
        log.close()


def validate(har):
    with open(os.path.join(HERE, "har.schema.json")) as file:
        schema = json.load(file)
    jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker()).validate(har)


class RawOrigin(socketserver.ThreadingTCPServer):
    """Keeps every request as its bytes (head, body without chunks) and answers what it is told."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, case):
        self.received = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        origin = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = DEADLINE

            def handle(self):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = self.rfile.readline()
                    if not line:
                        return
                    head += line
                origin.received.append((head, self.body(head.lower())))
                self.wfile.write(origin.answer)

            def body(self, head):
                if b"transfer-encoding: chunked" in head:
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    while self.rfile.readline() != b"\r\n":
                        pass
                    return body
                for line in head.split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        return self.rfile.read(int(line.split(b":")[1]))
                return b""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        case.addCleanup(self.server_close)
        case.addCleanup(self.shutdown)
        self.authority = f"127.0.0.1:{self.server_address[1]}"


def through(daemon, request):
    """Sends bytes to the proxy; waits for the answer, whole or cut, and for its row: rows are numbered
    in the order in which exchanges end."""
    with socket.create_connection(("127.0.0.1", daemon.port), DEADLINE) as client:
        client.sendall(request)
        answer = http.client.HTTPResponse(client, method=request.split(b" ")[0].decode())
        with contextlib.closing(answer), contextlib.suppress(http.client.HTTPException):
            answer.begin()
            if not request.startswith(b"CONNECT"):
                answer.read()
    daemon.sent = getattr(daemon, "sent", 0) + 1
    daemon.await_rows(daemon.sent)


class Interchange(Case):
    def path(self, name):
        return os.path.join(self.dir, name)

    def export(self, db, *arguments):
        return self.tapedeck("--db", db, "export", *arguments).stdout

    def round_trip(self, db):
        """The log exported as HAR, which must be valid, and imported again: db's rows and the new
        ones."""
        har = self.path("out.har")
        self.tapedeck("--db", db, "export", "--redact", "none", "-o", har)
        self.assertEqual(stat.S_IMODE(os.stat(har).st_mode), 0o600)
        with open(har) as file:
            validate(json.load(file))
        again = self.path("again.db")
        self.tapedeck("--db", again, "import", har, "--session", "again")
        second = self.path("second.har")
        self.tapedeck("--db", again, "export", "--redact", "none", "-o", second)
        with open(har, "rb") as one, open(second, "rb") as two:
            self.assertEqual(one.read(), two.read())
        return rows(db), rows(again)

    def test_a_recorded_session_survives_har(self):
        origin = RawOrigin(self)
        daemon = Daemon(self)
        url = f"http://{origin.authority}"
        coded = gzip.compress("{\"grüße\": 1}".encode(), mtime=0)
        large = os.urandom(300_000)
        answers = [
            (b"GET %s/text?a=1&b=%%20x&empty&c=%%ff HTTP/1.1\r\nHost: x\r\nCookie: sid=1; =nameless\r\n"
             b"X-Twice: 1\r\nx-TWICE: \xe9\r\nConnection: close\r\n\r\n",
             b"HTTP/1.1 200 Fine\r\nSet-Cookie: a=1; Path=/; HttpOnly; Expires=Wed, 21-Oct-2026 "
             b"07:28:00 GMT\r\nSet-Cookie: b=2; SameSite=Lax\r\nContent-Type: text/plain\r\n"
             b"Content-Length: 13\r\nConnection: close\r\n\r\nh\xc3\xa9 \"\\\n\x00\t\x7f"
             b"\xf0\x9f\x98\x80"),
            (b"POST %s/binary HTTP/1.1\r\nHost: x\r\nContent-Length: 256\r\nConnection: close\r\n\r\n"
             + ALL_BYTES,
             b"HTTP/1.1 200 OK\r\nContent-Length: 256\r\nConnection: close\r\n\r\n" + ALL_BYTES),
            (b"POST %s/form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
             b"Content-Length: 20\r\nConnection: close\r\n\r\na=1&b=hello+w%%C3%%B6&",
             b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
            (b"GET %s/gzip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n"
             b"Connection: close\r\n\r\n" % len(coded) + coded),
            (b"GET %s/not-gzip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n"
             b"Connection: close\r\n\r\nhello"),
            (b"GET %s/identity HTTP/1.1\r\nHost: x\r\nX-Text: \xe2\x82\xac \xc3\xa9 \xe2\r\n"
             b"X-Euro: \xe2\x82\xac\r\nConnection: close\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Encoding:\r\n"
             b"Content-Length: 2\r\nConnection: close\r\n\r\nhi"),
            (b"GET %s/large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(large)
             + large),
            (b"PUT %s/trailers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"
             b"Connection: close\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
             b"3\r\nabc\r\n0\r\nX-Late: yes\r\nX-Late: twice\r\n\r\n"),
            (b"GET %s/old HTTP/1.0\r\n\r\n", b"HTTP/1.0 404 \r\n\r\ngone"),
            (b"GET %s/cut HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        ]
        for request, answer in answers:
            origin.answer = answer
            through(daemon, request.replace(b"%s", url.encode(), 1).replace(b"%%", b"%"))
        through(daemon, b"GET http://127.0.0.1:1/refused HTTP/1.1\r\nHost: x\r\n\r\n")
        through(daemon, b"no request at all\r\n\r\n")
        through(daemon, f"CONNECT {origin.authority} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        self.assertEqual(daemon.stop()[0], 0)

        before, after = self.round_trip(daemon.db)
        self.assertEqual(len(before), len(answers) + 3)
        for one, two in zip(before, after):
            self.assertEqual(one, two)
        states = {row[1] for row in before}
        self.assertLessEqual({"complete", "failed"}, states)

    def test_what_a_har_says_of_an_exchange(self):
        origin = RawOrigin(self)
        daemon = Daemon(self)
        text = b"{\"a\": \"\xc3\xa4\"}"
        coded = gzip.compress(text * 50)
        origin.answer = (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/json\r\n"
                         b"Set-Cookie: a=1; Secure\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                         % len(coded) + coded)
        through(daemon, f"GET http://{origin.authority}/p?q=%C3%A4+b HTTP/1.1\r\nHost: x\r\n"
                        "Cookie: n=v\r\nConnection: close\r\n\r\n".encode())
        entry, = json.loads(self.export(daemon.db, "--redact", "none"))["log"]["entries"]
        request, response = entry["request"], entry["response"]
        self.assertEqual(request["queryString"], [{"name": "q", "value": "ä b"}])
        self.assertEqual(request["cookies"], [{"name": "n", "value": "v"}])
        self.assertEqual(response["cookies"],
                         [{"name": "a", "value": "1", "httpOnly": False, "secure": True}])
        content = response["content"]
        self.assertEqual(content["text"].encode(), text * 50)
        self.assertEqual(content["size"], len(text) * 50)
        self.assertEqual(content["compression"], len(text) * 50 - len(coded))
        self.assertEqual(content["mimeType"], "text/json")
        self.assertEqual(base64.b64decode(content["_tapedeckRecorded"]), coded)
        self.assertEqual(response["bodySize"], len(coded))
        self.assertEqual(entry["serverIPAddress"], "127.0.0.1")
        timings = entry["timings"]
        self.assertEqual((timings["dns"], timings["ssl"]), (-1, -1))
        # HAR counts ssl as part of connect.
        stages = sum(t for name, t in timings.items() if t > 0 and name != "ssl")
        self.assertAlmostEqual(stages, entry["time"], places=3)

    CURL_CASES = [
        # target, lines after the request line (None: Host), body
        ("GET", "/", [None], b""),
        ("GET", "/bare", [], b"", "1.0"),
        ("GET", "/late-host", ["X-First: 1", None, "Accept: text/html"], b""),
        ("GET", "/lower-host", ["host: {}", "User-Agent: it's \"me\" $(x) `y` \\ !"], b""),
        ("GET", "/other-host", ["Host: example.com"], b""),
        ("GET", "/twice", [None, "X-A: 1", "x-a: 2", "X-A: 1", "X-Empty:", "X-Bytes: \xe9\xff"], b""),
        ("GET", "/a/../b/./c/..", [None], b""),
        ("GET", "/[1-3]/{a,b}?x[]=1&y={}", [None], b""),
        ("GET", "/empty-query?", [None], b""),
        ("GET", "/~u/%7e%2F?a=%20+&&=;", [None, "Cookie: =nameless; a=; b=\"q\"", "Accept: */*"], b""),
        ("GET", "/bytes-\xe9", [None], b""),
        ("GET", "/with-body", [None, "Content-Length: 3"], b"abc"),
        ("HEAD", "/head", [None, "Accept: */*"], b""),
        ("DELETE", "/none", [None, "Authorization: Basic dXNlcjpwYXNz"], b""),
        ("M-SEARCH", "/method", [None], b""),
        ("POST", "/no-body", [None, "Content-Length: 0"], b""),
        ("POST", "/at", [None, "Content-Length: 9"], b"@/etc/pwd"),
        ("POST", "/all", [None, "Content-Type: x/y", "Content-Length: 256"], ALL_BYTES),
        ("POST", "/nul", [None, "Content-Length: 1"], b"\0"),
        ("POST", "/lines", [None, "Content-Length: 8"], b"a\r\n'b'\n\n"),
        ("POST", "/text", [None, "Content-Length: 14"], b"it's\n$x `y` \\\n"),
        ("PUT", "/dash", [None, "Content-Length: 6"], b"-n %s\0"),
        ("POST", "/chunked", [None, "Transfer-Encoding: chunked"], b"in pieces"),
        ("PATCH", "/large", [None, "Content-Length: 300000"], (ALL_BYTES * 1200)[:300_000]),
        ("POST", "/large-text", [None, "Content-Length: 200000"], b"text\n" * 40_000),
    ]

    def test_curl_commands_send_what_was_recorded(self):
        origin = RawOrigin(self)
        daemon = Daemon(self)
        expected = []
        for method, target, lines, body, *version in self.CURL_CASES:
            version = "HTTP/" + (version[0] if version else "1.1")
            fields = "".join((f"Host: {origin.authority}" if line is None else
                              line.format(origin.authority) if line.startswith("host") else line)
                             + "\r\n" for line in lines)
            head = f" {version}\r\n{fields}\r\n"
            sent = body
            if "chunked" in fields:
                sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            through(daemon, f"{method} http://{origin.authority}{target}{head}".encode("latin-1")
                    + sent)
            expected.append((f"{method} {target}{head}".encode("latin-1"), body))
        self.assertEqual(daemon.stop()[0], 0)
        self.assertEqual(len(origin.received), len(expected))

        script = self.path("again.sh")
        self.tapedeck("--db", daemon.db, "export", "--redact", "none", "-o", script)
        with open(script, "rb") as file:
            text = file.read()
        # Whatever was recorded, the script is harmless to look at.
        self.assertTrue(all(32 <= c < 127 or c == 10 for c in text), "not printable")
        origin.received.clear()
        done = self.run_program("sh", script)
        self.assertNotIn("not found", done.stderr)
        self.assertEqual(len(origin.received), len(expected))
        for got, want in zip(origin.received, expected):
            self.assertEqual(got, want)

    def test_curl_says_what_it_cannot_send(self):
        daemon = Daemon(self)
        through(daemon, b"\x16\x03\x01\r\n\r\n")
        through(daemon, b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n")
        script = self.export(daemon.db, "--format", "curl")
        self.assertNotIn("curl ", script)
        self.assertIn("# no request: what came could not be read", script)

    def test_credentials_stay_at_home(self):
        origin = RawOrigin(self)
        daemon = Daemon(self)
        origin.answer = (b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=S3CRET-A; Path=/; HttpOnly\r\n"
                         b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        for secret in ("S3CRET-A", "S3CRET-B"):
            through(daemon, f"GET http://{origin.authority}/ HTTP/1.1\r\nHost: x\r\n"
                            f"Cookie: sid={secret}; S3CRET-C\r\nauthorization: Bearer {secret}\r\n"
                            "Connection: close\r\n\r\n".encode())
        for kind in ("har", "curl", "jsonl"):
            text = self.export(daemon.db, "--format", kind)
            self.assertNotIn("S3CRET", text, kind)
            self.assertIn("Bearer redacted-", text)
            self.assertIn("S3CRET-A", self.export(daemon.db, "--format", kind, "--redact", "none"))
        first, second = json.loads(self.export(daemon.db))["log"]["entries"]
        set_cookie = first["response"]["cookies"][0]
        self.assertEqual(set_cookie["path"], "/")
        # The same secret is the same mark, in either header; another one is another.
        self.assertEqual(first["request"]["cookies"][0]["value"], set_cookie["value"])
        self.assertNotEqual(second["request"]["cookies"][0]["value"], set_cookie["value"])
        again = json.loads(self.export(daemon.db))["log"]["entries"][0]
        self.assertNotEqual(again["response"]["cookies"][0]["value"], set_cookie["value"])

    def test_jsonl_is_the_same_every_time(self):
        origin = RawOrigin(self)
        daemon = Daemon(self)
        for path in ("one", "two"):
            through(daemon, f"GET http://{origin.authority}/{path} HTTP/1.1\r\nHost: x\r\n"
                            "Connection: close\r\n\r\n".encode())
        first = self.export(daemon.db, "--format", "jsonl", "--redact", "none")
        self.assertEqual(first, self.export(daemon.db, "--format", "jsonl", "--redact", "none"))
        objects = [json.loads(line) for line in first.splitlines()]
        self.assertEqual([o["url"].rsplit("/", 1)[1] for o in objects], ["one", "two"])
        self.assertEqual(list(objects[0])[:3], ["method", "url", "status"])

    def test_an_import_waits_for_no_daemon(self):
        daemon = Daemon(self)
        har = self.path("empty.har")
        with open(har, "w") as out:
            out.write('{"log":{"entries":[]}}')
        done = self.tapedeck("--db", daemon.db, "import", har, status=1)
        self.assertRegex(done.stderr, r"^tapedeck: import: process \d+ is already recording into "
                                      r".*; stop it or name a different file; nothing was imported\n$")

    def test_memory_does_not_grow_with_a_body(self):
        har = self.path("large.har")
        size = 64 << 20
        with open(har, "w") as out:
            out.write('{"log":{"entries":[{"startedDateTime":"2026-11-23T05:54:58Z","request":'
                      '{"method":"GET","url":"http://h/"},"response":{"status":200,"content":'
                      '{"text":"')
            for _ in range(size // (1 << 20)):
                out.write("ascii or e\\u0301 " * (1 << 16))
            out.write('"}}}]}}')
        db, copy = self.path("large.db"), self.path("copy.har")
        for command in (["import", har], ["export", "-o", copy]):
            # What the child may have beyond what it maps at its start.
            limited = "ulimit -v 150000; exec \"$0\" \"$@\""
            if os.environ.get("TAPEDECK_SANITIZE"):
                limited = "exec \"$0\" \"$@\""
            self.run_program("sh", "-c", limited, TAPEDECK, "--db", db, *command)
        with open(copy) as file:
            content = json.load(file)["log"]["entries"][0]["response"]["content"]
        self.assertEqual(content["text"], "ascii or e\u0301 " * (1 << 16) * (size // (1 << 20)))
