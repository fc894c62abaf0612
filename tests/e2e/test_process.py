"""The process: start, refusal to start, stop, and what a crash leaves behind."""
import contextlib
import json
import os
import random
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time
import unittest

import requests

from harness import TAPEDECK, Case, Daemon


class Start(Case):
    def refused(self, *arguments):
        done = self.tapedeck("serve", *arguments, status=2)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"^tapedeck: [a-z]+: .*\n$")
        self.assertEqual(done.stderr.count("\n"), 1)
        return done.stderr

    def test_port_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.assertIn(address, self.refused("--listen", address, "--db", f"{self.dir}/a.db"))

    def test_directory_not_writable(self):
        self.assertIn("/proc/none", self.refused("--listen", "127.0.0.1:0", "--db",
                                                 "/proc/none/log.db"))

    def test_a_directory_is_refused_and_left_alone(self):
        os.mkdir(f"{self.dir}/directory", 0o755)
        self.assertIn("is not a file", self.refused("--listen", "127.0.0.1:0", "--db",
                                                    f"{self.dir}/directory"))
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.dir}/directory").st_mode), 0o755)

    def test_not_a_database(self):
        path = f"{self.dir}/text.db"
        with open(path, "w") as out:
            out.write("not a database, but long enough to be looked at\n" * 40)
        self.assertIn(path, self.refused("--listen", "127.0.0.1:0", "--db", path))

    def test_database_of_another_program(self):
        path = f"{self.dir}/other.db"
        with contextlib.closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE t (x)")
        self.assertIn("another program", self.refused("--listen", "127.0.0.1:0", "--db", path))

    def test_one_writer_at_a_time(self):
        daemon = Daemon(self)
        self.assertIn("already recording into", self.refused("--listen", "127.0.0.1:0", "--db",
                                                             daemon.db))

    def test_files_are_private_whatever_the_umask(self):
        before = os.umask(0)
        try:
            daemon = Daemon(self, db=f"{self.dir}/new/deep/log.db")
            self.curl(daemon, "http://127.0.0.1:1/")
            daemon.await_rows(1)
        finally:
            os.umask(before)
        modes = {name: stat.S_IMODE(os.stat(f"{self.dir}/new/deep/{name}").st_mode)
                 for name in os.listdir(f"{self.dir}/new/deep")}
        self.assertEqual(set(modes.values()), {0o600}, modes)
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.dir}/new/deep").st_mode), 0o700)


class Log(Case):
    def test_json_is_an_object_a_line_whatever_was_sent(self):
        daemon = Daemon(self, "--log-format", "json", "--log-level", "info")
        hostile = b"GET http://127.0.0.1:1/\x1b[31m\"\\\xff{} HTTP/1.1\r\nHost: h\r\n\r\n"
        with socket.create_connection(("127.0.0.1", daemon.port)) as client:
            client.sendall(hostile)
            client.recv(4096)
        self.curl(daemon, 'http://127.0.0.1:1/"quoted"')
        _, _, err = daemon.stop()
        lines = [json.loads(line) for line in err.splitlines()]
        self.assertEqual({tuple(line) for line in lines},
                         {("time", "level", "component", "message")})
        self.assertRegex(lines[0]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        said = [line["message"] for line in lines if line["component"] == "forward"]
        self.assertEqual(len(said), 2, said)
        self.assertTrue(any('"quoted"' in message or "%22quoted%22" in message
                            for message in said), said)
        self.assertNotIn("\x1b", err)


class Stop(Case):
    def test_sigterm_ends_quietly_and_closes_the_session(self):
        daemon = Daemon(self)
        self.curl(daemon, "http://127.0.0.1:1/")
        status, _, _ = daemon.stop()
        self.assertEqual(status, 0)
        self.assertFalse(os.path.exists(daemon.db + "-wal"))  # before a reader makes one again
        self.assertEqual(daemon.rows("SELECT count(*) FROM exchange"), [(1,)])
        self.assertEqual(daemon.rows("SELECT ended_at IS NOT NULL FROM session"), [(1,)])

    def test_the_running_exchange_is_finished(self):
        daemon = Daemon(self)
        with socket.create_server(("127.0.0.1", 0)) as origin, \
                socket.create_connection(("127.0.0.1", daemon.port)) as client:
            port = origin.getsockname()[1]
            client.sendall(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: h\r\n\r\n" % port)
            upstream, _ = origin.accept()
            upstream.recv(4096)
            daemon.process.send_signal(signal.SIGTERM)
            with self.assertRaises(OSError):  # it accepts no more…
                while True:
                    socket.create_connection(("127.0.0.1", daemon.port), 1).close()
            upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            answer = b""
            while piece := client.recv(4096):
                answer += piece
            upstream.close()
        self.assertTrue(answer.endswith(b"\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
                        answer)
        self.assertEqual(daemon.process.wait(30), 0)
        self.assertEqual(daemon.rows("SELECT state, status FROM exchange"), [("complete", 200)])


class Descriptors(Case):
    def test_running_out_of_them_waits_and_recovers(self):
        daemon = Daemon(self, "--threads", "1")
        origin = self.python_origin(self.dir)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (48, 48))
        with contextlib.ExitStack() as crowd:
            for _ in range(200):
                crowd.enter_context(socket.create_connection(("127.0.0.1", daemon.port)))
            before = cpu_ticks(daemon.process.pid)
            began = time.monotonic()
            time.sleep(1)
            spent = (cpu_ticks(daemon.process.pid) - before) / os.sysconf("SC_CLK_TCK")
            self.assertLess(spent / (time.monotonic() - began), 0.5, "it spins")
        for _ in range(20):
            self.curl(daemon, origin + "/", "-o", os.devnull)
        daemon.await_rows(20, "state = 'complete'")
        status, _, err = daemon.stop()
        self.assertEqual(status, 0)
        self.assertEqual(err.count("cannot accept"), 1, err)


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat_file:
        fields = stat_file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


class Crash(Case):
    ROUNDS = int(os.environ.get("TAPEDECK_CRASH_ROUNDS", "5"))

    def test_kill_9_under_load_loses_nothing_committed(self):
        with open(f"{self.dir}/1k", "w") as out:
            out.write("x" * 1024)
        origin = self.nginx_origin(self.dir)
        instants = random.Random(1)
        for round_number in range(self.ROUNDS):
            daemon = Daemon(self, "--commit", "strict")
            seen = []

            def load(name, url=daemon.url):
                with requests.Session() as session:
                    session.trust_env = False
                    session.proxies = {"http": url}
                    with contextlib.suppress(requests.RequestException):
                        for i in range(100_000):
                            session.get(f"{origin}/1k?{round_number}.{name}.{i}", timeout=20)
                            seen.append(f"{round_number}.{name}.{i}")

            threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            while len(seen) < 20:
                time.sleep(0.005)
            time.sleep(instants.uniform(0, 0.5))
            daemon.kill()
            for thread in threads:
                thread.join()
            after = Daemon(self)  # repairs and marks
            rows = dict(after.rows("SELECT query, state FROM exchange WHERE query LIKE ?",
                                   f"{round_number}.%"))
            lost = [query for query in seen if rows.get(query) != "complete"]
            self.assertEqual(lost, [])
            self.assertEqual(after.rows("SELECT count(*) FROM exchange WHERE state = 'open'"),
                             [(0,)])
            self.assertEqual(after.rows("PRAGMA integrity_check"), [("ok",)])
            self.assertEqual(after.stop()[0], 0)

    def test_an_exchange_in_progress_is_marked_interrupted_with_what_arrived(self):
        daemon = Daemon(self)
        with socket.create_server(("127.0.0.1", 0)) as origin, \
                socket.create_connection(("127.0.0.1", daemon.port)) as client:
            port = origin.getsockname()[1]
            client.sendall(b"GET http://127.0.0.1:%d/big HTTP/1.1\r\nHost: h\r\n\r\n" % port)
            upstream, _ = origin.accept()
            upstream.recv(4096)
            upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"z" * 200_000)
            daemon.await_rows(1, "state = 'open' AND response_body_id IS NOT NULL")
            daemon.kill()
            upstream.close()
        after = Daemon(self)
        (row,) = after.rows("SELECT state, status, response_size, size, sha256 FROM exchange"
                            " JOIN body ON body.id = response_body_id")
        self.assertEqual(row[:2], ("interrupted", 200))
        self.assertEqual(row[2], row[3])
        self.assertGreaterEqual(row[2], 3 * 65_536)


class Load(Case):
    def test_every_exchange_is_one_row(self):
        with open(f"{self.dir}/1k", "w") as out:
            out.write("x" * 1024)
        origin = self.nginx_origin(self.dir)
        daemon = Daemon(self)
        count = 64 * 1563  # hey gives each of its connections the same number
        report = self.run_program("hey", "-n", str(count), "-c", "64", "-x", daemon.url,
                                  f"{origin}/1k").stdout
        self.assertIn(f"[200]\t{count} responses", report)
        daemon.await_rows(count, "state = 'complete' AND status = 200")
        self.assertEqual(daemon.rows("SELECT count(*), count(DISTINCT response_body_id)"
                                     " FROM exchange"), [(count, 1)])
        self.assertEqual(daemon.stop()[0], 0)
        self.assertEqual(daemon.rows("PRAGMA integrity_check"), [("ok",)])


if __name__ == "__main__":
    unittest.main()
