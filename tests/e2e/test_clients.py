"""Real programs through the proxy, and what the log says of them."""
import json
import os
import re
import unittest

import requests

from harness import Case, Daemon


class Curl(Case):
    def test_get_is_the_same_with_and_without_the_proxy(self):
        body = os.urandom(300_000)
        with open(f"{self.dir}/file", "wb") as out:
            out.write(body)
        for origin in (self.python_origin(self.dir), self.nginx_origin(self.dir)):
            daemon = Daemon(self, db=f"{self.dir}/{origin[-5:]}.db")
            got = self.curl(daemon, f"{origin}/file?a=1&a=2", text=False).stdout
            self.assertEqual(got, body)
            daemon.await_rows(1)
            self.assertEqual(
                daemon.rows("SELECT method, path, query, status, state, response_size, mode"
                            " FROM exchange"),
                [("GET", "/file", "a=1&a=2", 200, "complete", len(body), "forward")])
            stored = b"".join(chunk for chunk, in daemon.rows(
                "SELECT bytes FROM body_chunk, exchange WHERE body_id = response_body_id"
                " ORDER BY seq"))
            self.assertEqual(stored, body)

    def test_upload_with_expect_continue(self):
        origin, daemon = self.echo_origin(), Daemon(self)
        body = "x" * 100_000
        reply = self.curl(daemon, "-H", "Expect: 100-continue", "-d", "@-", f"{origin}/up",
                          input=body).stdout
        self.assertEqual(json.loads(reply)["body"], body)
        daemon.await_rows(1)
        self.assertEqual(daemon.rows("SELECT method, request_size, state FROM exchange"),
                         [("POST", 100_000, "complete")])

    def test_chunked_upload(self):
        origin, daemon = self.echo_origin(), Daemon(self)
        reply = self.curl(daemon, "-H", "Transfer-Encoding: chunked", "-d", "@-", f"{origin}/up",
                          input="y" * 70_000).stdout
        self.assertEqual(json.loads(reply)["body"], "y" * 70_000)

    def test_connect_passed_through_is_a_tunnel_with_byte_counts(self):
        origin, daemon = self.echo_origin(), Daemon(self, "--passthrough", "*")
        self.curl(daemon, "-p", f"{origin}/through")
        daemon.await_rows(1)
        (row,) = daemon.rows("SELECT mode, method, host, port, status, state, request_size > 50,"
                             " response_size > 50, path FROM exchange")
        self.assertEqual(row, ("tunnel", "CONNECT", "127.0.0.1", int(origin[-5:]), 200,
                               "complete", 1, 1, None))

    def test_reverse(self):
        origin = self.echo_origin()
        daemon = Daemon(self, "--reverse", f"{origin}/base")
        reply = json.loads(self.run_program("curl", "-sS", f"{daemon.url}/x?q").stdout)
        self.assertEqual(reply["target"], "/base/x?q")
        self.assertIn(["Host", origin[7:]], reply["headers"])

    def test_failures_are_told_apart(self):
        daemon = Daemon(self)
        for url, status, error in (
                ("http://127.0.0.1:1/", "502", "connection_refused"),
                ("http://nonesuch.invalid/", "502", "dns_error"),
                ("http://127.0.0.1:%d/" % daemon.port, "502", "proxy_loop_detected")):
            got = self.curl(daemon, "-i", url).stdout
            self.assertEqual(got.split()[1], status, got)
            self.assertIn(f"Proxy-Status: tapedeck; error={error}; details=\"", got)
        daemon.await_rows(3)
        self.assertEqual(
            daemon.rows("SELECT error_code, state FROM exchange ORDER BY id"),
            [("connection_refused", "failed"), ("dns_error", "failed"),
             ("proxy_loop_detected", "failed")])

    def test_an_exchange_has_one_name_in_answer_log_and_row(self):
        daemon = Daemon(self, "--log-level", "info")
        got = self.curl(daemon, "-i", "http://127.0.0.1:1/here").stdout
        started = re.search(r'; started="(\d+)"', got)[1]
        daemon.await_rows(1)
        self.assertEqual(daemon.rows("SELECT started_at FROM exchange"), [(int(started),)])
        self.assertIn("/here", self.tapedeck("ls", "--db", daemon.db, f"started:{started}").stdout)
        _, _, log = daemon.stop()
        self.assertRegex(log, rf"GET http://127\.0\.0\.1:1/here 502 .* started:{started}\n")


class PythonRequests(Case):
    def test_session_with_json_and_forms(self):
        origin, daemon = self.echo_origin(), Daemon(self)
        with requests.Session() as session:
            session.trust_env = False
            session.proxies = {"http": daemon.url}
            for i in range(20):
                reply = session.post(f"{origin}/j?i={i}", json={"i": i}, timeout=20).json()
                self.assertEqual(json.loads(reply["body"]), {"i": i})
            self.assertEqual(session.put(f"{origin}/f", data={"a": "1 2"}, timeout=20)
                             .json()["body"], "a=1+2")
        daemon.await_rows(21)
        self.assertEqual(
            daemon.rows("SELECT count(*), sum(upstream_reused), count(DISTINCT client)"
                        " FROM exchange WHERE state = 'complete'"), [(21, 20, 1)])
        self.assertEqual(
            daemon.rows("SELECT value FROM request_header WHERE exchange_id = 3"
                        " AND name = 'Content-Type'"), [("application/json",)])


if __name__ == "__main__":
    unittest.main()
