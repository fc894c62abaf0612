"""A daemon that is kept: readiness, sockets and reload, as a service manager would have them."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from harness import DEADLINE, TAPEDECK, Case, Daemon


class NotifySocket:
    """What systemd listens on for sd_notify(3)."""

    def __init__(self, case):
        self.path = os.path.join(case.dir, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(DEADLINE)
        case.addCleanup(self.socket.close)

    def next(self):
        """The next message as a dictionary, the watchdog's apart."""
        while True:
            message = dict(line.split("=", 1)
                           for line in self.socket.recv(4096).decode().splitlines())
            if message != {"WATCHDOG": "1"}:
                return message


class Notify(Case):
    def test_the_manager_hears_of_each_stage(self):
        manager = NotifySocket(self)
        self.env["NOTIFY_SOCKET"] = manager.path
        daemon = Daemon(self)
        self.assertEqual(manager.next(), {"READY": "1", "STATUS": f"recording into {daemon.db}"})
        daemon.process.send_signal(signal.SIGHUP)
        reloading = manager.next()
        self.assertEqual(reloading["RELOADING"], "1")
        self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
        self.assertEqual(manager.next()["READY"], "1")
        self.assertEqual(daemon.stop()[0], 0)
        self.assertEqual(manager.next(), {"STOPPING": "1"})

    def test_the_watchdog_is_fed(self):
        manager = NotifySocket(self)
        self.env.update(NOTIFY_SOCKET=manager.path, WATCHDOG_USEC="100000")
        Daemon(self)
        fed = 0
        while fed < 3:
            fed += b"WATCHDOG=1" in manager.socket.recv(4096)


class Activation(Case):
    """By systemd's own tool for it."""

    def activated(self, *options):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = [f"--setenv={name}={value}" for name, value in self.env.items()]
        process = subprocess.Popen(
            ["systemd-socket-activate", f"--listen=127.0.0.1:{port}", *environment, TAPEDECK,
             "serve", "--db", os.path.join(self.dir, "log.db"), *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)

        def end():
            process.kill()
            process.communicate(timeout=DEADLINE)

        self.addCleanup(end)
        while True:  # the tool says where it listens
            line = process.stderr.readline()
            self.assertNotEqual(line, "")
            if "Listening on" in line:
                return process, port

    def test_the_first_connection_starts_it_and_is_served(self):
        origin = self.echo_origin()
        process, port = self.activated()
        answer = self.run_program("curl", "-sS", "--noproxy", "", "-x", f"http://127.0.0.1:{port}",
                                  origin + "/first")
        self.assertIn("/first", answer.stdout)
        self.assertEqual(process.stdout.readline(),
                         f"tapedeck: listening on http://127.0.0.1:{port}\n")


class HandOver(Case):
    """The socket outlives the daemon: what knocks meanwhile is served by the next one."""

    def setUp(self):
        super().setUp()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.port = self.listener.getsockname()[1]

    def start(self):
        # The descriptor has to be 3 and the process its own, as sd_listen_fds(3) has it.
        script = (f'exec 3<&{self.listener.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"')
        daemon = subprocess.Popen(
            ["bash", "-c", script, "bash", TAPEDECK, "serve", "--db", f"{self.dir}/log.db",
             "--log-level", "info"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env,
            pass_fds=[self.listener.fileno()])
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(daemon.stderr.close)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        return daemon

    def ask(self, url):
        client = socket.create_connection(("127.0.0.1", self.port), DEADLINE)
        self.addCleanup(client.close)
        client.sendall(f"GET {url} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        return client

    def answer(self, client):
        return b"".join(iter(lambda: client.recv(4096), b""))

    def heard(self, daemon, words):
        while words not in (line := daemon.stderr.readline()):
            self.assertNotEqual(line, "", f"it never said {words}")

    def files_of(self, daemon):
        for descriptor in pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                yield os.readlink(descriptor)

    def until_it_asks_for_the_log(self, daemon):
        end = time.monotonic() + DEADLINE
        while f"{self.dir}/log.db.lock" not in self.files_of(daemon):
            self.assertLess(time.monotonic(), end)
            self.assertIsNone(daemon.poll())

    def test_connections_made_between_two_daemons_wait(self):
        origin = self.echo_origin()
        first = self.start()
        self.assertIn(f":{self.port}\n", first.stdout.readline())
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(DEADLINE), 0)
        client = self.ask(origin + "/waited")
        self.start()
        answer = self.answer(client)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
        self.assertIn(b"/waited", answer)

    def test_the_next_takes_over_when_the_last_has_finished(self):
        """Both run at once: what the first has begun it ends, and then the second has the log."""
        with socket.create_server(("127.0.0.1", 0)) as origin:
            origin.settimeout(DEADLINE)
            url = f"http://127.0.0.1:{origin.getsockname()[1]}"
            first = self.start()
            self.assertIn(f":{self.port}\n", first.stdout.readline())
            begun = self.ask(url + "/begun")
            served = origin.accept()[0]
            self.addCleanup(served.close)
            second = self.start()
            first.send_signal(signal.SIGTERM)
            self.heard(first, "stopping")
            waiting = self.ask(url + "/waiting")
            self.until_it_asks_for_the_log(second)
            self.assertIsNone(first.poll())
            reply = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
            served.sendall(reply + b"last")
            self.assertTrue(self.answer(begun).endswith(b"\r\n\r\nlast"))
            self.assertEqual(first.wait(DEADLINE), 0)
            with origin.accept()[0] as served:
                served.sendall(reply + b"next")
                self.assertTrue(self.answer(waiting).endswith(b"\r\n\r\nnext"))
            second.send_signal(signal.SIGTERM)
            self.assertEqual(second.wait(DEADLINE), 0)
        rows = self.tapedeck("sql", "--csv", "--db", f"{self.dir}/log.db",
                             "SELECT session_id, path, state FROM exchange ORDER BY id")
        self.assertEqual(rows.stdout.split()[1:], ["1,/begun,complete", "2,/waiting,complete"])


class Reload(Case):
    def setUp(self):
        super().setUp()
        self.config = os.path.join(self.dir, "config.toml")

    def write(self, text):
        with open(self.config, "w") as out:
            out.write(text)

    def daemon(self, text, *options):
        self.write(text)
        return Daemon(self, "--config", self.config, *options)

    def reload(self, daemon, status=0):
        return self.tapedeck("reload", "--db", daemon.db, status=status)

    def test_what_changed_is_said_and_in_force(self):
        origin = self.echo_origin()
        daemon = self.daemon("")
        self.assertIn("/a", self.curl(daemon, origin + "/a").stdout)
        self.write(f'blocked_ports = "25,{origin.rsplit(":", 1)[1]}"\n')
        self.assertEqual(self.reload(daemon).stdout, "changed: blocked_ports\n")
        self.assertIn("is one of blocked_ports", self.curl(daemon, origin + "/a").stdout)
        self.write("")
        self.assertEqual(self.reload(daemon).stdout, "changed: blocked_ports\n")
        self.assertIn("/a", self.curl(daemon, origin + "/a").stdout)
        self.assertEqual(self.reload(daemon).stdout, "nothing has changed\n")

    def test_what_takes_a_restart_is_said_and_left(self):
        daemon = self.daemon("")
        self.write('threads = "1"\nmax_head_size = "8KiB"\nmode = "pass"\n')
        self.assertEqual(self.reload(daemon).stdout,
                         "changed: max_head_size\nneeds a restart: mode, threads\n")
        self.assertIn('"mode":"record"',
                      self.tapedeck("status", "--db", daemon.db, "--json").stdout.replace(" ", ""))

    def test_a_wrong_file_changes_nothing(self):
        origin = self.echo_origin()
        daemon = self.daemon(f'reverse = "{origin}"\n')
        for text, why in (('revers = "x"\n', r":1:1: .*revers"),
                          ('blocked_ports = "99999"\n', r":1:\d+: blocked_ports: "),
                          ('reverse = "http://h:0"\n', "reverse: port 0 is nowhere"),
                          ('retain = ["age=1y"]\n', "retain 'age=1y'"),
                          ('upstream_ca = "/none"\n', "/none"),
                          ('fault = ["nonsense"]\n', "nonsense"),
                          ('log_level = ["nothing=info"]\n', "nothing"),
                          ("= ?", r":1:")):
            self.write(text)
            wrong = self.reload(daemon, status=1)
            self.assertRegex(wrong.stderr, r"^tapedeck: reload: .*" + why)
            self.assertTrue(wrong.stderr.endswith("; nothing has changed\n"), wrong.stderr)
            self.assertEqual(wrong.stderr.count("\n"), 1, wrong.stderr)
        with contextlib.closing(socket.create_connection(("127.0.0.1", daemon.port))) as client:
            client.sendall(b"GET /still HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertIn(b" 200 ", client.recv(4096))

    def test_config_check_finds_what_a_start_would(self):
        for text, why in (('upstream_proxy = ["ftp://h"]\n', "upstream_proxy: a proxy is written"),
                          ('resolve = ["h"]\n', "resolve: expected HOST:PORT:ADDR"),
                          ('deny_upstream = ["nowhere"]\n', "deny_upstream: expected ADDR"),
                          ('allow_client = ["1.2.3.4/40"]\n', "allow_client: expected ADDR"),
                          ('retain = ["age=1y"]\n', "retain 'age=1y'"),
                          ('fault = ["nonsense"]\n', "fault 'nonsense'"),
                          ('redact = ["nonsense"]\n', "nonsense"),
                          ('ignore = ["nonsense"]\n', "nonsense"),
                          ('reverse = "http://h:0"\n', "reverse: port 0 is nowhere")):
            self.write(text)
            wrong = self.tapedeck("config", "check", "--config", self.config, status=2)
            self.assertRegex(wrong.stderr, r"^tapedeck: configure: .*" + why)
            self.assertEqual(wrong.stderr.count("\n"), 1, wrong.stderr)

    def test_the_command_line_stays_stronger(self):
        daemon = self.daemon("", "--max-head-size", "4KiB")
        self.write('max_head_size = "8KiB"\n')
        self.assertEqual(self.reload(daemon).stdout, "nothing has changed\n")

    def test_under_load_no_request_is_lost(self):
        with open(f"{self.dir}/1k", "w") as out:
            out.write("x" * 1024)
        origin = self.nginx_origin(self.dir)
        daemon = self.daemon("")
        count = 32 * 600
        load = subprocess.Popen(["hey", "-n", str(count), "-c", "32", "-x", daemon.url,
                                 f"{origin}/1k"], stdout=subprocess.PIPE, text=True, env=self.env)
        reloads = 0
        while load.poll() is None:
            self.write(f'max_head_size = "{64 + reloads % 2}KiB"\n')
            self.reload(daemon)
            reloads += 1
        report = load.communicate()[0]
        self.assertGreater(reloads, 3)
        self.assertEqual(re.findall(r"\[\d+\]\t\d+ responses", report),
                         [f"[200]\t{count} responses"])
        daemon.await_rows(count, "state = 'complete' AND status = 200")

    def test_a_proxy_of_one_command_has_nothing_to_reload(self):
        script = f'"{TAPEDECK}" reload --db "$0" 2>&1; exit 0'
        done = self.tapedeck("run", "--db", f"{self.dir}/log.db", "--", "sh", "-c", script,
                             f"{self.dir}/log.db")
        self.assertIn("belongs to one command", done.stdout)
