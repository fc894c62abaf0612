"""The admin door: status, metrics, and chores done by the daemon that records."""
import http.client
import json
import os
import re
import socket
import sqlite3
import stat
import threading

from harness import Case, Daemon


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Admin(Case):
    def ask(self, daemon, target, method="GET", body=None):
        connection = UnixConnection(daemon.db + ".sock")
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def test_status_counts_what_happened(self):
        origin = self.echo_origin()
        daemon = Daemon(self, "--session", "s")
        for _ in range(3):
            self.curl(daemon, origin + "/a")
        self.curl(daemon, "http://127.0.0.1:9/", "-o", os.path.join(self.dir, "refused"))
        daemon.await_rows(4)
        status = json.loads(self.tapedeck("status", "--db", daemon.db, "--json").stdout)
        self.assertEqual(status["exchanges"], {"complete": 3, "failed": 1, "aborted": 0})
        self.assertEqual(status["log"]["recorded"], 4)
        self.assertEqual(status["pid"], daemon.process.pid)
        self.assertEqual(status["listeners"], [daemon.url])
        text = self.tapedeck("status", "--db", daemon.db).stdout
        self.assertIn("exchanges   3 complete, 1 failed, 0 aborted\n", text)
        self.assertIn(f"listening   {daemon.url}\n", text)

    def test_metrics_are_openmetrics(self):
        origin = self.echo_origin()
        daemon = Daemon(self)
        for _ in range(2):
            self.curl(daemon, origin + "/a")
        daemon.await_rows(2)
        status, text = self.ask(daemon, "/metrics")
        self.assertEqual(status, 200)
        self.assertTrue(text.endswith("# EOF\n"))
        families = dict(re.findall(r"# TYPE (\S+) (\S+)", text))
        samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = re.fullmatch(
                r"([a-z_:]+)(?:\{((?:[a-z]+=\"[^\"]*\",?)+)\})? ([0-9.e+-]+)", line).groups()
            family = re.sub(r"_(total|bucket|sum|count|info)$", "", name)
            self.assertTrue(name in families or family in families, line)
            samples[name, labels] = float(value)
        self.assertEqual(
            samples["tapedeck_exchanges_total", 'mode="forward",outcome="complete"'], 2)
        self.assertEqual(samples["tapedeck_exchange_duration_seconds_count", None], 2)
        self.assertEqual(samples["tapedeck_exchange_duration_seconds_bucket", 'le="+Inf"'], 2)
        self.assertGreaterEqual(samples["tapedeck_commit_duration_seconds_count", None], 1)
        self.assertEqual(samples["tapedeck_recording_wait_seconds_count", None], 0)
        self.assertEqual(samples["tapedeck_upstream_connections_opened_total", None]
                         + samples["tapedeck_upstream_connections_reused_total", None], 2)

    def test_a_damaged_log_is_said_to_be_and_not_backed_up(self):
        origin = self.echo_origin()
        daemon = Daemon(self)
        self.curl(daemon, *[origin + "/a"] * 50, "-d", "x" * 3000)
        daemon.await_rows(50)
        daemon.stop()
        with open(daemon.db, "r+b") as log:
            log.seek(0, os.SEEK_END)
            for page in range(8192, log.tell(), 4096):
                log.seek(page)
                log.write(b"\xff" * 600)
        copy = os.path.join(self.dir, "copy.db")
        refused = self.tapedeck("backup", "--db", daemon.db, copy, status=1)
        self.assertRegex(refused.stderr, "^tapedeck: backup: .*damaged.*\n$")
        self.assertFalse(os.path.exists(copy))
        for command in (("ls",), ("show", "1"), ("sql", "SELECT * FROM exchange"), ("sessions",),
                        ("export", "--format", "jsonl"), ("match", origin + "/a")):
            said = self.tapedeck(*command, "--db", daemon.db, status=1).stderr
            self.assertRegex(said, r"^tapedeck: .*malformed.*\.recover\n$", command)

    def test_what_a_strict_commit_costs_is_measured(self):
        daemon = Daemon(self, "--commit", "strict")
        self.curl(daemon, self.echo_origin() + "/a")
        text = self.ask(daemon, "/metrics")[1]
        waits = int(re.search(r"tapedeck_recording_wait_seconds_count (\d+)", text)[1])
        self.assertEqual(waits, 2)  # before the request is sent, and before the answer's last byte

    def test_the_socket_is_its_owners_alone(self):
        daemon = Daemon(self)
        self.assertEqual(stat.S_IMODE(os.stat(daemon.db + ".sock").st_mode), 0o600)
        daemon.stop()
        self.assertFalse(os.path.exists(daemon.db + ".sock"))

    def test_a_socket_left_by_a_crash_is_replaced(self):
        daemon = Daemon(self)
        daemon.kill()
        self.assertTrue(os.path.exists(daemon.db + ".sock"))
        gone = self.tapedeck("status", "--db", daemon.db, status=1)
        self.assertEqual(gone.stderr, f"tapedeck: status: no daemon answers for {daemon.db}\n")
        again = Daemon(self)
        self.tapedeck("status", "--db", again.db)

    def test_wrong_requests_are_answered(self):
        daemon = Daemon(self)
        self.assertEqual(self.ask(daemon, "/nothing")[0], 404)
        self.assertEqual(self.ask(daemon, "/status", "DELETE")[0], 405)
        self.assertEqual(self.ask(daemon, "/chore/nothing", "POST", "{}"),
                         (400, '{"error":"no chore is called \'nothing\'"}'))
        self.assertEqual(self.ask(daemon, "/chore/backup", "POST", "[")[0], 400)
        self.assertEqual(self.ask(daemon, "/chore/backup", "POST", "{}")[0], 400)
        self.assertEqual(self.ask(daemon, "/chore/backup", "POST", "x" * 70_000)[0], 413)
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(daemon.db + ".sock")
            rude.send(b"nonsense\r\n\r\n")
            self.assertIn(b" 400 ", rude.recv(1000))
        self.assertEqual(self.ask(daemon, "/status")[0], 200)

    def test_on_loopback_a_browser_is_refused_and_a_token_needed(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        daemon = Daemon(self, "--admin", f"127.0.0.1:{port}")

        def ask(method, target, body=None, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request(method, target, body,
                               {name.replace("_", "-"): value for name, value in headers.items()})
            return connection.getresponse().status

        self.assertEqual(ask("GET", "/status"), 200)
        for name in ("127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"):
            through = self.curl(daemon, f"http://{name}:{port}/status").stdout
            self.assertNotIn("uptime", through)
            self.assertIn("connect: ", through)
        self.assertEqual(ask("GET", "/status", Host="rebound.example"), 403)
        self.assertEqual(ask("GET", "/status", Origin="http://evil.example"), 403)
        self.assertEqual(ask("GET", "/status", Sec_Fetch_Site="cross-site"), 403)
        arguments = json.dumps({"file": os.path.join(self.dir, "copy.db")})
        self.assertEqual(ask("POST", "/chore/backup", arguments), 401)
        self.assertEqual(ask("POST", "/chore/backup", arguments, Authorization="Bearer x"), 401)
        token = daemon.db + ".token"
        self.assertEqual(stat.S_IMODE(os.stat(token).st_mode), 0o600)
        with open(token) as file:
            self.assertEqual(
                ask("POST", "/chore/backup", arguments, Authorization="Bearer " + file.read()), 200)
        self.env["TAPEDECK_ADMIN"] = f"127.0.0.1:{port}"
        self.tapedeck("backup", "--db", daemon.db, os.path.join(self.dir, "another.db"))

    def test_off_is_off(self):
        daemon = Daemon(self, "--admin", "off")
        self.assertFalse(os.path.exists(daemon.db + ".sock"))
        self.tapedeck("status", "--db", daemon.db, "--admin", "off", status=1)

    def test_housekeeping_is_done_by_the_daemon_that_records(self):
        origin = self.echo_origin()
        old = Daemon(self, "--session", "old")
        for i in range(5):
            self.curl(old, f"{origin}/{i}", "-d", "x" * 1000 * (i + 1))
        old.await_rows(5)
        old.stop()
        daemon = Daemon(self, "--session", "new")
        self.curl(daemon, origin + "/new")
        daemon.await_rows(6)
        self.tapedeck("sessions", "--db", daemon.db, "tag", "old", "smoke")
        self.assertEqual(daemon.rows("SELECT tag FROM session_tag"), [("smoke",)])
        running = self.tapedeck("sessions", "--db", daemon.db, "delete", "new", status=1)
        self.assertNotEqual(running.stderr, "")
        would = self.tapedeck("prune", "--db", daemon.db, "path:/0", "--older-than", "1ms",
                              "--dry-run")
        self.assertEqual(daemon.rows("SELECT count(*) FROM exchange"), [(6,)], would)
        self.tapedeck("prune", "--db", daemon.db, "path:/0", "--older-than", "1ms")
        self.assertEqual(daemon.rows("SELECT count(*) FROM exchange"), [(5,)])
        self.tapedeck("sessions", "--db", daemon.db, "delete", "old")
        self.assertEqual(daemon.rows("SELECT path FROM exchange"), [("/new",)])
        self.curl(daemon, origin + "/after")
        daemon.await_rows(2)
        self.assertEqual(daemon.rows("SELECT count(*) FROM body WHERE id NOT IN (SELECT "
                                     "response_body_id FROM exchange)"), [(0,)])
        self.assertEqual(daemon.rows("PRAGMA integrity_check"), [("ok",)])

    def test_backup_while_recording_is_whole(self):
        origin = self.echo_origin()
        daemon = Daemon(self)
        sending = threading.Event()
        sending.set()

        def send():
            while sending.is_set():
                self.curl(daemon, *[origin + "/a"] * 20, "-d", "x" * 3000)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            daemon.await_rows_at_least(20)
            for name in ("one.db", "two.db"):
                copy = os.path.join(self.dir, name)
                self.tapedeck("backup", "--db", daemon.db, copy)
                log = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
                self.assertEqual(log.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                self.assertGreaterEqual(log.execute("SELECT count(*) FROM exchange").fetchone()[0],
                                        20)
                log.close()
                self.assertEqual(stat.S_IMODE(os.stat(copy).st_mode), 0o600)
                self.assertFalse(os.path.exists(copy + "-wal"))
                self.tapedeck("ls", "--db", copy)
        finally:
            sending.clear()
            sender.join()
        exists = self.tapedeck("backup", "--db", daemon.db, copy, status=1)
        self.assertIn("two.db exists already", exists.stderr)
        daemon.stop()
        # Without a daemon the command does it itself.
        self.tapedeck("backup", "--db", daemon.db, os.path.join(self.dir, "three.db"))


class Retain(Case):
    def test_what_no_rule_keeps_goes_while_the_daemon_records(self):
        origin = self.echo_origin()
        daemon = Daemon(self, "--retain", "path:/drop age=1ms", "--retain-interval", "50ms")
        for path in ("/drop", "/keep"):
            self.curl(daemon, origin + path)
        daemon.await_rows(1, "path = '/keep'")
        daemon.await_removal("path = '/drop'")
        self.curl(daemon, origin + "/keep")
        daemon.await_rows(2)
        self.assertEqual(daemon.stop()[0], 0)

    def test_wrong_rules_are_named(self):
        for rule, why in (("age=1y", "expected age= and a duration such as 30d"),
                          ("host:a", "expected age=DURATION, size=SIZE or both"),
                          ("size=", "expected size= and a size such as 2GiB")):
            wrong = self.tapedeck("serve", "--db", f"{self.dir}/a.db", "--listen", "127.0.0.1:0",
                                  "--retain", rule, status=2)
            self.assertEqual(wrong.stderr, f"tapedeck: configure: retain '{rule}': {why}\n")
