"""A disk that refuses: nothing is forwarded unrecorded, or the gap is told."""
import os
import resource
import time

from harness import DEADLINE, Case, Daemon


class Disk(Case):
    def limit(self, daemon, size):
        """No file of the daemon's may grow beyond that: a disk that is full for it alone."""
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE,
                         (size, resource.RLIM_INFINITY))

    def get(self, daemon, url):
        return self.curl(daemon, "-o", os.path.join(self.dir, "body"), "-w", "%{http_code}",
                         url).stdout

    def until(self, daemon, url, status):
        end = time.monotonic() + DEADLINE
        count = 0
        while self.get(daemon, url) != status:
            count += 1
            self.assertLess(time.monotonic(), end)
        return count

    def fill(self, daemon):
        self.limit(daemon, os.path.getsize(daemon.db + "-wal") + 4096)

    def test_by_default_requests_are_refused_with_the_reason(self):
        origin = self.echo_origin()
        daemon = Daemon(self)
        self.assertEqual(self.get(daemon, origin + "/before"), "200")
        daemon.await_rows(1)
        self.fill(daemon)
        self.until(daemon, origin + "/full", "503")
        with open(os.path.join(self.dir, "body")) as body:
            self.assertIn("The log cannot be written, so nothing is forwarded", body.read())
        self.assertIn("TROUBLE     the log cannot be written: ",
                      self.tapedeck("status", "--db", daemon.db).stdout)
        self.limit(daemon, resource.RLIM_INFINITY)
        self.until(daemon, origin + "/after", "200")
        _, _, err = daemon.stop()
        self.assertIn("the log cannot be written, requests are answered with 503", err)
        self.assertIn("the log can be written again", err)
        # Whoever was told 200 has a row.
        self.assertEqual(daemon.rows("SELECT count(*) FROM exchange WHERE path = '/after' "
                                     "AND state = 'complete'"), [(1,)])
        self.assertEqual(daemon.rows("SELECT count(*) FROM gap"), [(0,)])

    def test_passing_on_counts_what_goes_by(self):
        origin = self.echo_origin()
        daemon = Daemon(self, "--on-storage-failure", "pass")
        self.assertEqual(self.get(daemon, origin + "/before"), "200")
        daemon.await_rows(1)
        self.fill(daemon)
        end = time.monotonic() + DEADLINE
        while "TROUBLE" not in self.tapedeck("status", "--db", daemon.db).stdout:
            self.assertEqual(self.get(daemon, origin + "/full"), "200")
            self.assertLess(time.monotonic(), end)
        for _ in range(5):
            self.assertEqual(self.get(daemon, origin + "/by"), "200")
        self.assertRegex(self.tapedeck("status", "--db", daemon.db).stdout,
                         r"TROUBLE     \d+ exchanges went by unrecorded; see table gap")
        self.limit(daemon, resource.RLIM_INFINITY)
        while not daemon.rows("SELECT count(*) FROM gap")[0][0]:
            self.assertEqual(self.get(daemon, origin + "/after"), "200")
            self.assertLess(time.monotonic(), end)
        _, _, err = daemon.stop()
        self.assertIn("requests are forwarded UNRECORDED", err)
        (began, ended, missed, reason), = daemon.rows(
            "SELECT started_at, ended_at, exchanges, reason FROM gap")
        self.assertLess(began, ended)
        self.assertGreaterEqual(missed, 5)
        self.assertNotEqual(reason, "")
        self.assertGreater(daemon.rows("SELECT count(*) FROM exchange WHERE path = '/after'")[0][0],
                           0)
