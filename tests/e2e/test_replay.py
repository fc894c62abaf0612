"""Replay: real programs recorded over HTTPS, then answered where there is no network."""
import os
import re
import shutil
import threading
import tomllib
import unittest

from harness import TAPEDECK, Case, Daemon
from https_origin import Https

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
PYTHON = "/usr/bin/python3"
OFFLINE = ("unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")

# What it prints of each answer is the same only when the answers are, byte for byte.
CLIENT = """
import hashlib, requests, sys
base = sys.argv[1]
with requests.Session() as session:
    def show(answer):
        print(answer.request.method, answer.url, answer.status_code, len(answer.content),
              hashlib.sha256(answer.content).hexdigest(), answer.headers.get("Content-Type"))
    for path in ("/get?b=2&a=1", "/uuid", "/uuid", "/gzip", "/deflate", "/brotli", "/stream/3",
                 "/bytes/200000", "/image/png", "/status/418", "/redirect/2", "/encoding/utf8",
                 "/cookies/set/a/b", "/range/1024", "/etag/e", "/html", "/xml"):
        show(session.get(base + path))
    show(session.get(base + "/range/1024", headers={"Range": "bytes=10-19"}))
    show(session.get(base + "/etag/e", headers={"If-None-Match": "e"}))
    show(session.head(base + "/get"))
    show(session.post(base + "/post", json={"name": "ada", "n": [1, 2.5, None]}))
    show(session.post(base + "/post", data={"name": "ada", "q": "a b&c"}))
    show(session.post(base + "/post", files={"file": ("a.bin", bytes(range(256)) * 500)}))
    show(session.put(base + "/put", data=b"\\0\\xff" * 5000))
    show(session.delete(base + "/delete"))
"""

UNDICI = """
const { createHash } = require("crypto");
const { fetch, request } = require("undici");
(async () => {
  const base = process.argv[2];
  for (const [path, options] of [["/uuid"], ["/gzip"], ["/stream/2"], ["/anything?x=1"],
      ["/post", { method: "POST", body: JSON.stringify({ a: 1 }),
                  headers: { "content-type": "application/json" } }]]) {
    const answer = await fetch(base + path, options);
    const body = Buffer.from(await answer.arrayBuffer());
    console.log(path, answer.status, createHash("sha256").update(body).digest("hex"));
  }
  const { statusCode, body } = await request(base + "/uuid");
  console.log(statusCode, await body.text());
})();
"""


class Replay(Https):
    def serve(self):
        from httpbin import app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, *_):
                pass

        files = [os.path.join(self.dir, name) for name in ("origin.pem", "origin.key")]
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet,
                             ssl_context=tuple(files))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.stop = server.shutdown
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"https://localhost:{server.server_port}"

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def replay(self, *command, options=(), **rest):
        """Where there is no network but loopback, and nobody listens there but the proxy."""
        return self.run_program(*OFFLINE, TAPEDECK, "run", "--db", self.db, "--mode", "replay",
                                *options, "--", *command, **rest)

    def check_twice(self, *command):
        recorded = self.run_recorded(*command, options=("--session", "s"))
        self.assertNotEqual(recorded.stdout, "")
        self.stop()
        for _ in range(2):
            replayed = self.replay(*command, options=("--session", "s", "--strict"))
            self.assertEqual(replayed.stdout, recorded.stdout)
            self.assertRegex(replayed.stderr, "missed 0 requests, 0 recordings unused")

    def test_requests(self):
        self.check_twice(PYTHON, self.write("client.py", CLIENT), self.origin)

    @unittest.skipUnless(shutil.which("node"), "node is not installed")
    def test_undici(self):
        self.env["NODE_PATH"] = "/usr/share/nodejs"
        self.check_twice("node", self.write("client.js", UNDICI), self.origin)

    def guide(self):
        """The programs of docs/replay.md, by file name, in a directory of their own."""
        with open(os.path.join(ROOT, "docs", "replay.md")) as file:
            blocks = re.findall(r"```(?:python|javascript|go|sh)\n((?:#|//) (\S+)\n.*?)```",
                                file.read(), re.S)
        place = os.path.join(self.dir, "guide")
        os.mkdir(place)
        for text, name in blocks:
            self.write(os.path.join("guide", name), text)
        self.assertEqual(len(blocks), 4)
        return place

    def check_guide(self, *command, host="localhost"):
        self.env["API_URL"] = self.origin.replace("localhost", host)
        place = self.guide()
        self.run_recorded(*command, cwd=place)
        self.stop()
        replayed = self.replay(*command, options=("--strict", "--record", "none"), cwd=place)
        self.assertIn("missed 0 requests, 0 recordings unused", replayed.stderr)

    def test_guide_pytest(self):
        self.check_guide(PYTHON, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider")

    @unittest.skipUnless(shutil.which("node"), "node is not installed")
    def test_guide_node(self):
        self.check_guide("node", "--test")

    @unittest.skipUnless(shutil.which("go"), "go is not installed")
    def test_guide_go(self):
        self.env["GOFLAGS"] = "-count=1"
        # Go asks loopback hosts past any proxy, but for this name of it.
        self.env["GO111MODULE"] = "off"
        self.check_guide("go", "test", ".", host="0.0.0.0")

    def test_guide_shell(self):
        self.check_guide("sh", "check.sh")

    def test_a_miss_fails_the_run_and_says_why(self):
        get = (PYTHON, "-c", "import requests, sys; requests.get(sys.argv[1])")
        self.run_recorded(*get, self.origin + "/get?page=1")
        missed = self.replay(*get, self.origin + "/get?page=2", status=1)
        self.assertRegex(missed.stderr, r"missed: GET https://localhost:\d+/get\?page=2: nearest is "
                                        r"exchange 1: query page: 2, recorded 1")
        done = self.replay("true", options=("--strict",), status=1)
        self.assertRegex(done.stderr, "unused: exchange 1")
        self.replay("true")
        # The command's own failure is stronger.
        self.replay("sh", "-c", "exit 7", status=7)

    def test_match_explains(self):
        self.run_recorded("curl", "-sS", "-o", "/dev/null", self.origin + "/get?page=1")
        found = self.tapedeck("match", "--db", self.db, f"GET {self.origin}/get?page=1")
        self.assertRegex(found.stdout, "query page: 1\n(.*\n)*answered by exchange 1\n")
        ignored = self.tapedeck("match", "--db", self.db, "--ignore", "query:page",
                                self.origin + "/get?page=7")
        self.assertIn("answered by exchange 1\n", ignored.stdout)
        near = self.tapedeck("match", "--db", self.db, self.origin + "/get?page=7", status=1)
        self.assertIn("nearest is exchange 1: query page: 7, recorded 1", near.stdout)
        wrong = self.tapedeck("match", "--db", self.db, "nonsense", status=2)
        self.assertIn("expected 'METHOD URL', not 'nonsense'", wrong.stderr)


class Learning(Case):
    """Two recordings of the same run tell what is volatile."""

    def run_app(self, session, nonce, *options):
        daemon = Daemon(self, "--session", session, *options)
        form = f"at={nonce}&user=ada"
        for arguments in ((f"{self.origin}/items?page=1&ts={nonce}",),
                          ("-H", "Content-Type: application/json", "-d",
                           '{"name": "ada", "list": [{"id": %d}, {"id": %d}]}' % (nonce, nonce + 1),
                           f"{self.origin}/orders"),
                          ("-d", form, f"{self.origin}/forms"),
                          (f"{self.origin}/same",)):
            self.curl(daemon, "-f", "-o", "/dev/null", *arguments)
        daemon.await_rows(4, f"session_id = (SELECT max(id) FROM session)")
        daemon.stop()

    def test_what_differs_is_proposed_and_serves_a_third_run(self):
        self.origin = self.echo_origin()
        host = "127.0.0.1"
        self.run_app("monday", 1700000000)
        self.run_app("tuesday", 1700086400)
        db = os.path.join(self.dir, "log.db")
        learnt = self.tapedeck("match", "--db", db, "--learn", "monday", "tuesday").stdout
        rules = tomllib.loads(learnt)["ignore"]
        self.assertIn(f"{host}/items query:ts~[0-9]+", rules)
        self.assertIn(f"{host}/orders json:$.list[*].id~[0-9]+", rules)
        self.assertIn(f"{host}/forms form:at~[0-9]+", rules)
        self.assertIn("monday and tuesday: 1 the same, 3 alike by method and path alone, 0 ", learnt)
        config = os.path.join(self.dir, "learnt.toml")
        with open(config, "w", encoding="utf-8") as out:
            out.write(learnt)
        self.tapedeck("config", "check", "--config", config)
        # Each answer of the recording; a third value is asked for.
        replayed = Daemon(self, "--mode", "replay", "--session", "monday", "--config", config)
        self.curl(replayed, "-f", "-o", "/dev/null", f"{self.origin}/items?page=1&ts=1800000000")
        self.curl(replayed, "-f", f"{self.origin}/items?page=2&ts=1800000000", status=22)
        self.curl(replayed, "-f", f"{self.origin}/items?page=1&ts=soon", status=22)
        replayed.stop()
        # With them the two are the same.
        self.tapedeck("diff", "--db", db, "--config", config, "--sessions", "monday", "tuesday")
        again = self.tapedeck("match", "--db", db, "--config", config, "--learn", "monday", "tuesday")
        self.assertEqual(tomllib.loads(again.stdout)["ignore"], rules)

    def test_needs_two_recordings(self):
        self.origin = self.echo_origin()
        self.run_app("monday", 1)
        db = os.path.join(self.dir, "log.db")
        wrong = self.tapedeck("match", "--db", db, "--learn", "monday", "never", status=2)
        self.assertIn("no session 'never'", wrong.stderr)
        self.tapedeck("match", "--db", db, "--learn", "monday", status=2)
        self.tapedeck("match", "--db", db, status=2)
