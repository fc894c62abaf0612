"""Recorded requests sent again, and how the answers differ: `replay`, `diff`."""
import contextlib
import hashlib
import http.server
import json
import os
import signal
import subprocess
import threading
import xml.etree.ElementTree

from harness import DEADLINE, TAPEDECK, Case, Daemon
from https_origin import Https


class Resend(Case):
    def setUp(self):
        super().setUp()
        self.db = f"{self.dir}/log.db"
        self.price = 10
        self.seen = []
        self.barrier = None
        case = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                case.seen.append((self.command, self.path, dict(self.headers),
                                  hashlib.sha256(body).hexdigest(), self.client_address))
                with contextlib.suppress(threading.BrokenBarrierError):
                    if barrier := case.barrier:
                        barrier.wait(DEADLINE)
                reply = json.dumps({"items": [{"price": 9}, {"price": case.price}],
                                    "count": len(case.seen)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.send_header("X-Request-Id", str(len(case.seen)))
                self.end_headers()
                self.wfile.write(reply)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.origin = f"http://127.0.0.1:{server.server_port}"

    def record(self, *curl):
        self.tapedeck("run", "--db", self.db, "--", "curl", "-sS", *curl)
        self.seen.clear()

    def replay(self, *options, status=0):
        return self.tapedeck("--db", self.db, "replay", "--ignore", "json:$.count", *options,
                             status=status)

    def rows(self, columns, where="1"):
        done = self.tapedeck("--db", self.db, "sql", "--json",
                             f"SELECT {columns} FROM exchange WHERE {where}")
        return [tuple(json.loads(line).values()) for line in done.stdout.splitlines()]

    def test_the_path_that_changed_is_named(self):
        self.record(f"{self.origin}/v1/items?page=1")
        self.assertIn("1 sent: 1 same, 0 differ", self.replay().stdout)
        self.price = 12
        done = self.replay("id:1", "--junit", f"{self.dir}/out.xml", status=1)
        self.assertRegex(done.stdout, r"^     1 differs 200 .* GET http://127\.0\.0\.1:\d+/v1/items"
                                      r"\?page=1\n    \$\.items\[1\]\.price: 10 → 12\n\n")
        self.assertRegex(done.stdout, r"1 +[\d.]+ .s .* GET http://127\.0\.0\.1:\d+/v1/items\n")
        self.assertTrue(done.stdout.endswith("1 sent: 0 same, 1 differ, 0 failed\n"), done.stdout)
        suite = xml.etree.ElementTree.parse(f"{self.dir}/out.xml").getroot()
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", "1"))
        self.assertEqual(suite.find("testcase/failure").get("message"),
                         "$.items[1].price: 10 → 12")
        done = self.replay("id:1", "--json", "--record", "none", status=1)
        first, endpoint, summary = map(json.loads, done.stdout.splitlines())
        self.assertEqual(first["differences"],
                         [{"where": "$.items[1].price", "before": "10", "after": "12"}])
        self.assertEqual((endpoint["count"], summary["differ"]), (1, 1))
        self.assertEqual(
            self.rows("mode, replay_of, status, state, upstream_reused, connect_us > 0, wait_us > 0,"
                      " total_us >= wait_us, session_id", "id > 1"),
            [("fetch", 1, 200, "complete", 0, 1, 1, 1, 2),
             ("fetch", 1, 200, "complete", 0, 1, 1, 1, 3)])
        self.tapedeck("--db", self.db, "diff", "1", "2", "--ignore", "json:count")
        done = self.tapedeck("--db", self.db, "diff", "--sessions", "1", "3", status=1)
        self.assertIn("$.items[1].price: 10 → 12", done.stdout)

    def test_requests_are_what_they_were(self):
        large = os.urandom(3_000_000)
        with open(f"{self.dir}/large", "wb") as out:
            out.write(large)
        self.record("-H", "X-Old: 1", "-H", "X-Keep: 2", "-H", "Expect:", "--data-binary",
                    f"@{self.dir}/large", f"{self.origin}/up", f"{self.origin}/up2")
        self.replay("--set-header", "X-New: 3", "--set-header", "X-Old:")
        self.assertEqual([(method, path) for method, path, *_ in self.seen],
                         [("POST", "/up"), ("POST", "/up2")])
        for _, _, headers, digest, _ in self.seen:
            self.assertEqual(digest, hashlib.sha256(large).hexdigest())
            self.assertEqual((headers["X-Keep"], headers["X-New"], headers["Content-Length"]),
                             ("2", "3", "3000000"))
            self.assertNotIn("X-Old", headers)
            self.assertEqual(headers["Host"], self.origin.removeprefix("http://"))
        # One connection, kept.
        self.assertEqual(len({address for *_, address in self.seen}), 1)
        self.assertEqual(self.rows("request_size, upstream_reused", "replay_of IS NOT NULL"),
                         [(3_000_000, 0), (3_000_000, 1)])

    def test_against_another_server(self):
        self.record(f"{self.origin}/v1/items")
        other = self.origin.replace("127.0.0.1", "localhost")
        done = self.replay("--against", f"{other}/base/", "--record", "none")
        self.assertIn(f"GET {other}/base/v1/items\n", done.stdout)
        ((_, path, headers, *_),) = self.seen
        self.assertEqual((path, headers["Host"]), ("/base/v1/items", other.removeprefix("http://")))

    def test_many_at_once(self):
        self.record(f"{self.origin}/a", f"{self.origin}/b")
        # Nobody is answered before four ask.
        self.barrier = threading.Barrier(4)
        done = self.replay("--repeat", "8", "--concurrency", "4", "--rate", "2000")
        self.assertIn("16 sent: 16 same, 0 differ, 0 failed", done.stdout)
        self.assertEqual(self.rows("count(*)", "replay_of IS NOT NULL AND state = 'complete'"),
                         [(16,)])

    def test_an_interrupt_ends_in_order(self):
        self.record(f"{self.origin}/a")
        self.barrier = threading.Barrier(2)
        process = subprocess.Popen(
            [TAPEDECK, "--db", self.db, "replay", "--repeat", "100"], env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.barrier.wait(DEADLINE)  # the first is being answered
        self.assertIn(" GET ", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        # It waits for the answer to what it has asked, if it has.
        barrier, self.barrier = self.barrier, None
        barrier.abort()
        out, err = process.communicate(timeout=DEADLINE)
        self.assertEqual((process.returncode, err), (1, ""))
        self.assertRegex(out, r"; interrupted, \d+ not sent\n$")
        ((rows,),) = self.rows("count(*)", "replay_of IS NOT NULL")
        self.assertIn(f"{rows} sent: ", out)

    def test_a_reader_that_leaves_is_a_quiet_end(self):
        self.record(f"{self.origin}/a")
        done = self.run_program(
            "sh", "-c", f"{TAPEDECK} --db {self.db} replay --repeat 50 | head -n 1")
        self.assertEqual((len(done.stdout.splitlines()), done.stderr), (1, ""))
        self.assertEqual(self.rows("count(*)", "replay_of NOT NULL AND state <> 'complete'"),
                         [(0,)])

    def test_while_the_proxy_records(self):
        daemon = Daemon(self, db=self.db)
        self.curl(daemon, f"{self.origin}/a")
        daemon.await_rows(1)
        done = self.replay(status=1)
        self.assertIn("is already recording into", done.stderr)
        self.assertIn("--record none", done.stderr)
        self.assertIn("1 same", self.replay("--record", "none").stdout)


class ResendHttps(Https):
    def test_tls_is_verified_and_recorded(self):
        self.run_recorded("curl", "-sS", f"{self.origin}/x")
        command = ("--db", self.db, "replay", "id:1")
        done = self.tapedeck(*command, status=1)
        self.assertIn("certificate", done.stdout)
        self.assertIn("1 failed", done.stdout)
        done = self.tapedeck(*command, "--upstream-ca", self.ca)
        self.assertIn("1 same", done.stdout)
        done = self.tapedeck(*command, "--insecure")
        self.assertIn("INSECURE", done.stderr)
        self.assertEqual(self.rows("state, tls_version, length(peer_cert_sha256), error_code,"
                                   " tls_us > 0, error_detail LIKE 'insecure%'")[1:],
                         [("failed", None, None, "tls_certificate_error", None, 0),
                          ("complete", "TLSv1.3", 64, None, 1, None),
                          ("complete", "TLSv1.3", 64, None, 1, 1)])
