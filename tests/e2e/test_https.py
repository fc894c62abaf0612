"""HTTPS read by the proxy: `tapedeck run` with real programs, a private origin CA, and `ca`."""
import http.server
import os
import shutil
import signal
import sqlite3
import ssl
import stat
import subprocess
import threading
import unittest

from harness import DEADLINE, TAPEDECK, Case, Daemon


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


class Https(Case):
    def setUp(self):
        super().setUp()
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            self.env.pop(name, None)
        self.db = os.path.join(self.dir, "log.db")
        self.ca = os.path.join(self.dir, "origin-ca.pem")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl(self.dir, "req", "-x509", *key, "-keyout", "ca.key", "-out", self.ca,
                "-subj", "/CN=origin CA", "-addext", "keyUsage=critical,keyCertSign")
        self.issue(key)
        self.origin = self.serve()

    def issue(self, key, extensions="subjectAltName=DNS:localhost,IP:127.0.0.1\n"
              "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n"
              "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"):
        openssl(self.dir, "req", "-new", *key, "-keyout", "origin.key", "-out", "origin.csr",
                "-subj", "/CN=localhost")
        with open(os.path.join(self.dir, "extensions"), "w") as file:
            file.write(extensions)
        openssl(self.dir, "x509", "-req", "-in", "origin.csr", "-CA", self.ca, "-CAkey", "ca.key",
                "-CAcreateserial", "-extfile", "extensions", "-out", "origin.pem")

    def serve(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.path.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(self.dir, "origin.pem"),
                                os.path.join(self.dir, "origin.key"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"https://localhost:{server.server_port}"

    def run_recorded(self, *command, options=(), **rest):
        return self.tapedeck("run", "--db", self.db, "--upstream-ca", self.ca, *options, "--",
                             *command, **rest)

    def rows(self, columns):
        log = sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)
        self.addCleanup(log.close)
        return log.execute(f"SELECT {columns} FROM exchange ORDER BY id").fetchall()


class Run(Https):
    def test_curl_is_recorded_decrypted_with_tls_facts(self):
        done = self.run_recorded("curl", "-sS", f"{self.origin}/x?y=1")
        self.assertEqual(done.stdout, "/x?y=1")
        self.assertRegex(done.stderr, r"^tapedeck: recorded 1 exchange in session '.*' of .*\n$")
        self.assertEqual(self.rows("mode, method, scheme, host, path, query, status, state, "
                                   "tls_version, length(peer_cert_sha256)"),
                         [("intercept", "GET", "https", "localhost", "/x", "y=1", 200, "complete",
                           "TLSv1.3", 64)])

    def test_programs_work_out_of_the_box(self):
        programs = {
            "urllib": ["/usr/bin/python3", "-c", "import sys, urllib.request as u; "
                       "sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())"],
            "requests": ["/usr/bin/python3", "-c", "import sys, requests; "
                         "sys.stdout.write(requests.get(sys.argv[1]).text)"],
            "curl": ["curl", "-sS"],
        }
        for name, command in programs.items():
            with self.subTest(name):
                done = self.run_recorded(*command, f"{self.origin}/{name}")
                self.assertEqual(done.stdout, f"/{name}")
        self.assertEqual(self.rows("path, mode"),
                         [(f"/{name}", "intercept") for name in programs])

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_git(self):
        self.run_recorded("git", "ls-remote", f"{self.origin}/repository")
        self.assertEqual(self.rows("path, query")[0],
                         ("/repository/info/refs", "service=git-upload-pack"))

    def test_exit_status_and_arguments_pass_through(self):
        self.run_recorded("sh", "-c", "exit 7", status=7)
        self.run_recorded("sh", "-c", "kill -9 $$", status=137)
        done = self.run_recorded("no-such-program", status=127)
        self.assertEqual(done.stderr, "tapedeck: run: no-such-program: No such file or directory\n")
        done = self.run_recorded("printf", "%s|", "-x", "a b", "--", "")
        self.assertEqual(done.stdout, "-x|a b|--||")
        self.tapedeck("run", "--db", self.db, status=2)

    def test_signals_pass_through(self):
        process = subprocess.Popen(
            [TAPEDECK, "run", "--db", self.db, "--", "sh", "-c",
             "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.env)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 5)

    def test_a_ca_made_in_one_line_will_do(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl(self.dir, "req", "-x509", *key, "-keyout", "ca.key", "-out", self.ca,
                "-subj", "/CN=one line CA")
        self.issue(key, "subjectAltName=DNS:localhost\n")
        self.origin = self.serve()
        self.assertEqual(self.run_recorded("curl", "-sS", f"{self.origin}/z").stdout, "/z")

    def test_an_untrusted_origin_is_a_502_with_the_reason(self):
        done = self.tapedeck("run", "--db", self.db, "--", "curl", "-sS", f"{self.origin}/")
        self.assertIn("certificate not trusted", done.stdout)
        self.assertIn("--upstream-ca", done.stdout)
        self.assertEqual(self.rows("status, state, error_stage, error_code"),
                         [(502, "failed", "tls", "tls_certificate_error")])

    def test_an_insecure_host_says_so_in_the_row_and_the_log(self):
        done = self.tapedeck("run", "--db", self.db, "--insecure-host", "localhost", "--", "curl",
                             "-sS", f"{self.origin}/i")
        self.assertEqual(done.stdout, "/i")
        self.assertIn("INSECURE: the certificates of localhost are not verified", done.stderr)
        ((state, detail),) = self.rows("state, error_detail")
        self.assertEqual(state, "complete")
        self.assertIn("insecure", detail)

    def test_nothing_is_left_behind(self):
        self.env["TMPDIR"] = os.path.join(self.dir, "tmp")
        os.mkdir(self.env["TMPDIR"])
        self.run_recorded("sh", "-c", 'grep -c BEGIN "$SSL_CERT_FILE"')
        self.assertEqual(os.listdir(self.env["TMPDIR"]), [])


class Ca(Https):
    def test_path_is_what_a_client_must_trust(self):
        path = self.tapedeck("ca", "path").stdout.strip()
        daemon = Daemon(self, "--upstream-ca", self.ca)
        done = self.curl(daemon, "--cacert", path, f"{self.origin}/p")
        self.assertEqual(done.stdout, "/p")
        served = self.curl(daemon, "http://tapedeck.invalid/ca.pem").stdout
        with open(path) as file:
            self.assertEqual(served, file.read())
        directory = os.path.dirname(path)
        self.assertEqual(stat.S_IMODE(os.stat(directory).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(f"{directory}/ca.key").st_mode), 0o600)

    def test_a_client_that_does_not_trust_it_is_a_row_and_a_hint(self):
        daemon = Daemon(self, "--upstream-ca", self.ca)
        for _ in range(2):
            self.curl(daemon, f"{self.origin}/", status=60)
        daemon.await_rows(2, "error_stage = 'tls'")
        _, _, err = daemon.stop()
        self.assertIn("localhost refused our certificate twice", err)
        self.assertIn("--passthrough localhost", err)

    def test_rotate_replaces_and_show_tells(self):
        before = self.tapedeck("ca", "show").stdout
        self.tapedeck("ca", "rotate")
        after = self.tapedeck("ca", "show").stdout
        self.assertNotEqual(before, after)
        self.assertRegex(after, r"SHA-256 [0-9a-f]{64}\n")

    def test_a_key_that_others_can_read_stops_the_start(self):
        path = self.tapedeck("ca", "path").stdout.strip()
        os.chmod(f"{os.path.dirname(path)}/ca.key", 0o644)
        done = self.tapedeck("serve", "--listen", "127.0.0.1:0", status=2)
        self.assertIn("ca.key can be read by others", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_the_key_goes_nowhere(self):
        path = self.tapedeck("ca", "path").stdout.strip()
        with open(f"{os.path.dirname(path)}/ca.key") as file:
            secret = file.read().splitlines()[1]
        daemon = Daemon(self, "--upstream-ca", self.ca, "--log-level", "trace")
        self.curl(daemon, "--cacert", path, f"{self.origin}/k")
        self.curl(daemon, "http://tapedeck.invalid/ca.key", "-o", os.path.join(self.dir, "answer"))
        _, out, err = daemon.stop()
        for text in (out, err):
            self.assertNotIn(secret, text)
        for name in ("answer", "log.db"):
            with open(os.path.join(self.dir, name), "rb") as file:
                self.assertNotIn(secret.encode(), file.read())
