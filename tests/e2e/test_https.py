"""HTTPS read by the proxy: `tapedeck run`, a private origin CA, and `ca`."""
import os
import signal
import stat
import subprocess

from harness import DEADLINE, TAPEDECK, Daemon
from https_origin import Https, openssl


class Run(Https):
    def test_curl_is_recorded_decrypted_with_tls_facts(self):
        done = self.run_recorded("curl", "-sS", f"{self.origin}/x?y=1")
        self.assertEqual(done.stdout, "/x?y=1")
        self.assertRegex(done.stderr, r"^tapedeck: recorded 1 exchange in session '.*' of .*\n$")
        self.assertEqual(self.rows("mode, method, scheme, host, path, query, status, state, "
                                   "tls_version, length(peer_cert_sha256)"),
                         [("intercept", "GET", "https", "localhost", "/x", "y=1", 200, "complete",
                           "TLSv1.3", 64)])

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
