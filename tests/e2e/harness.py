"""What the end-to-end tests stand on: the built binary, real origins, a place of their own."""
import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

TAPEDECK = os.environ["TAPEDECK"]
DEADLINE = 30


def free_environment(home):
    """No proxy variable and no configuration of the caller's leaks into a test."""
    kept = {k: v for k, v in os.environ.items()
            if "proxy" not in k.lower() and not k.startswith(("TAPEDECK", "XDG_"))}
    return dict(kept, HOME=home, XDG_DATA_HOME=f"{home}/data", XDG_CONFIG_HOME=f"{home}/config",
                NO_COLOR="1", LC_ALL="C.UTF-8")


class Daemon:
    """`tapedeck serve` on a free port."""

    def __init__(self, case, *options, db=None):
        self.case = case
        self.db = db or os.path.join(case.dir, "log.db")
        self.process = subprocess.Popen(
            [TAPEDECK, "serve", "--listen", "127.0.0.1:0", "--db", self.db, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=case.env)
        line = self.process.stdout.readline()
        case.assertRegex(line, r"^tapedeck: listening on http://127\.0\.0\.1:\d+\n$",
                         msg=None if line else self.process.stderr.read())
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        case.addCleanup(self.close)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out, err

    def kill(self):
        self.process.kill()
        self.process.communicate(timeout=DEADLINE)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def rows(self, sql, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)) as log:
            return log.execute(sql, values).fetchall()

    def await_rows(self, count, where="state <> 'open'"):
        """The rows that match, once there are `count` of them."""
        end = time.monotonic() + DEADLINE
        while True:
            (found,), = self.rows(f"SELECT count(*) FROM exchange WHERE {where}")
            if found >= count or time.monotonic() > end:
                self.case.assertEqual(found, count)
                return
            time.sleep(0.01)

    def await_removal(self, where):
        """No row matches any more."""
        end = time.monotonic() + DEADLINE
        while self.rows(f"SELECT 1 FROM exchange WHERE {where}"):
            self.case.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def await_rows_at_least(self, count):
        end = time.monotonic() + DEADLINE
        while self.rows("SELECT count(*) FROM exchange")[0][0] < count:
            self.case.assertLess(time.monotonic(), end)
            time.sleep(0.01)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tapedeck-e2e-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = free_environment(self.dir)

    def run_program(self, *command, status=0, text=True, **options):
        done = subprocess.run(command, capture_output=True, text=text,
                              timeout=120, **{"env": self.env, **options})
        self.assertEqual(done.returncode, status, f"{command}\n{done.stdout}\n{done.stderr}")
        return done

    def tapedeck(self, *arguments, status=0, **options):
        return self.run_program(TAPEDECK, *arguments, status=status, **options)

    def curl(self, daemon, *arguments, status=0, **options):
        return self.run_program("curl", "-sS", "--noproxy", "", "-x", daemon.url, *arguments,
                                status=status, **options)

    def python_origin(self, directory):
        """Python's http.server: HTTP/1.0, one thread a connection."""

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *a):
                super().__init__(*a, directory=directory)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def echo_origin(self):
        """HTTP/1.1: answers with what it received, as JSON."""

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                reply = json.dumps({"method": self.command, "target": self.path,
                                    "headers": self.headers.items(),
                                    "body": body.decode("latin-1")}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def nginx_origin(self, directory):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        os.chmod(self.dir, 0o755)
        temps = "\n".join(f"{kind}_temp_path {self.dir}/{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = os.path.join(self.dir, "nginx.conf")
        with open(config, "w") as out:
            out.write(f"""worker_processes 1; daemon off; pid {self.dir}/nginx.pid;
error_log {self.dir}/nginx.err; events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000; root {directory}; {temps}
server {{ listen 127.0.0.1:{port}; }} }}""")
        nginx = subprocess.Popen(["nginx", "-p", self.dir, "-c", config],
                                 stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        end = time.monotonic() + DEADLINE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return f"http://127.0.0.1:{port}"
            self.assertLess(time.monotonic(), end, "nginx did not start")
            time.sleep(0.02)
