"""`tapedeck fetch` from the built binary, against an origin whose every byte the test writes."""
import base64
import gzip
import json
import os
import socket
import ssl
import subprocess
import threading
import unittest

from harness import TAPEDECK, Case


class Origin:
    """Answers each request on a connection with what `answer(head, body)` gives: bytes, and None to
    close. Keeps what it was sent."""

    def __init__(self, case, answer, tls=None):
        self.answer, self.tls, self.requests, self.connections = answer, tls, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        case.addCleanup(self.listener.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while request := self.read(stream):
                    self.requests.append(request)
                    reply = self.answer(*request)
                    connection.sendall(reply or b"")
                    if reply is None or b"\r\nConnection: close\r\n" in reply:
                        return
        except OSError:
            pass

    @staticmethod
    def read(stream):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return None
            head += line
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])}
        body = b""
        if fields.get("transfer-encoding") == "chunked":
            while size := int(stream.readline(), 16):
                body += stream.read(size)
                stream.readline()
            stream.readline()
        else:
            body = stream.read(int(fields.get("content-length", 0)))
        return head.decode("latin-1"), body


def ok(body=b"", *fields, status="200 OK"):
    head = "".join(f"{field}\r\n" for field in fields)
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode() + body


class Fetch(Case):
    def fetch(self, *arguments, status=0, **options):
        done = subprocess.run([TAPEDECK, "fetch", *arguments], capture_output=True, timeout=60,
                              **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def sent(self, *arguments, answer=ok(), **options):
        """The one request that these arguments make."""
        origin = Origin(self, lambda head, body: answer)
        self.fetch(*arguments, f"{origin.url}/p?q=1", **options)
        (request,) = origin.requests
        return request


class Requests(Fetch):
    def test_get(self):
        head, body = self.sent()
        lines = head.split("\r\n")
        self.assertEqual(lines[0], "GET /p?q=1 HTTP/1.1")
        self.assertEqual([line.split(":")[0] for line in lines[1:4]],
                         ["Host", "User-Agent", "Accept"])
        self.assertEqual(body, b"")

    def test_method_headers_and_defaults_taken_away(self):
        head, _ = self.sent("-X", "DELETE", "-H", "X-A: 1", "-H", "X-A: 2", "-H", "User-Agent:",
                            "-H", "Accept: text/plain", "-H", "X-Empty;")
        self.assertTrue(head.startswith("DELETE "))
        self.assertEqual(head.count("X-A: "), 2)
        self.assertNotIn("User-Agent", head)
        self.assertEqual(head.count("Accept"), 1)
        self.assertIn("X-Empty: \r\n", head)

    def test_data(self):
        head, body = self.sent("-d", "a=1", "-d", "b=2")
        self.assertTrue(head.startswith("POST "))
        self.assertIn("Content-Type: application/x-www-form-urlencoded\r\n", head)
        self.assertEqual(body, b"a=1&b=2")

    def test_data_of_a_file_loses_line_ends_and_binary_data_does_not(self):
        path = f"{self.dir}/data"
        with open(path, "wb") as out:
            out.write(b"one\r\ntwo\n\0three")
        self.assertEqual(self.sent("-d", f"@{path}")[1], b"onetwothree")
        self.assertEqual(self.sent("--data-binary", f"@{path}")[1], b"one\r\ntwo\n\0three")
        self.assertEqual(self.sent("--data-binary", "@-", input=b"from\nstdin")[1], b"from\nstdin")

    def test_json(self):
        head, body = self.sent("--json", '{"a":1}')
        self.assertIn("Content-Type: application/json\r\n", head)
        self.assertIn("Accept: application/json\r\n", head)
        self.assertEqual(body, b'{"a":1}')

    def test_multipart_form(self):
        path = f"{self.dir}/up.bin"
        with open(path, "wb") as out:
            out.write(b"\0\1bytes")
        head, body = self.sent("-F", "k=v", "-F", f"f=@{path};type=image/png", "-F", f"t=<{path}")
        boundary = head.split("boundary=")[1].split("\r\n")[0].encode()
        parts = body.split(b"--" + boundary)
        self.assertEqual(parts[1], b'\r\nContent-Disposition: form-data; name="k"\r\n\r\nv\r\n')
        self.assertIn(b'name="f"; filename="up.bin"\r\nContent-Type: image/png\r\n\r\n\0\1bytes\r\n',
                      parts[2])
        self.assertTrue(parts[3].endswith(b"\r\n\r\n\0\1bytes\r\n"))
        self.assertEqual(parts[4], b"--\r\n")

    def test_chunked_and_http10(self):
        head, body = self.sent("--chunked", "-d", "x")
        self.assertIn("Transfer-Encoding: chunked\r\n", head)
        self.assertEqual(body, b"x")
        head, _ = self.sent("--http1.0", answer=ok(b"", "Connection: close"))
        self.assertTrue(head.split("\r\n")[0].endswith(" HTTP/1.0"))

    def test_user(self):
        head, _ = self.sent("-u", "ada:p:w")
        self.assertIn("Authorization: Basic " + base64.b64encode(b"ada:p:w").decode(), head)

    def test_line_ends_in_a_header_are_refused_and_nothing_connects(self):
        origin = Origin(self, lambda head, body: ok())
        done = self.fetch("-H", "A: b\r\nEvil: 1", origin.url, status=1)
        self.assertIn(b"forbidden byte", done.stderr)
        self.assertEqual(origin.connections, 0)

    def test_one_connection_for_one_origin(self):
        origin = Origin(self, lambda head, body: ok(b"x"))
        done = self.fetch(*[f"{origin.url}/{i}" for i in range(50)])
        self.assertEqual(done.stdout, b"x" * 50)
        self.assertEqual((origin.connections, len(origin.requests)), (1, 50))

    def test_through_a_proxy_with_credentials(self):
        proxy = Origin(self, lambda head, body: ok(b"by proxy"))
        done = self.fetch("-x", proxy.url.replace("//", "//u:p%40@"), "http://api.test/x")
        self.assertEqual(done.stdout, b"by proxy")
        head, _ = proxy.requests[0]
        self.assertTrue(head.startswith("GET http://api.test/x HTTP/1.1\r\nHost: api.test\r\n"))
        self.assertIn("Proxy-Authorization: Basic " + base64.b64encode(b"u:p@").decode(), head)


class Responses(Fetch):
    def answered(self, reply, *arguments, status=0):
        origin = Origin(self, lambda head, body: reply)
        return self.fetch(*arguments, origin.url, status=status)

    def test_include_and_output(self):
        done = self.answered(ok(b"body", "X-A: 1"), "-i")
        self.assertEqual(done.stdout,
                         b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-A: 1\r\n\r\nbody")
        done = self.answered(ok(b"filed"), "-o", f"{self.dir}/out")
        self.assertEqual(done.stdout, b"")
        with open(f"{self.dir}/out", "rb") as out:
            self.assertEqual(out.read(), b"filed")

    def test_json_holds_every_byte(self):
        body = bytes(range(256)) * 1000
        reply = (b"HTTP/1.1 200 Gr\xfc\xdf\r\nX: a\r\nx: \xe9\r\nTransfer-Encoding: chunked\r\n\r\n"
                 + b"%x\r\n" % len(body) + body + b"\r\n0\r\nT: 1\r\n\r\n")
        got = json.loads(self.answered(reply, "--as", "json").stdout)
        self.assertEqual((got["status"], got["reason"], got["version"]), (200, "Grüß", "HTTP/1.1"))
        self.assertEqual(got["headers"],
                         [["X", "a"], ["x", "é"], ["Transfer-Encoding", "chunked"]])
        self.assertEqual(got["trailers"], [["T", "1"]])
        self.assertEqual(base64.b64decode(got["body_b64"]), body)

    def test_any_status_is_fine_unless_fail(self):
        reply = ok(b"nope", status="404 Not Found")
        self.assertEqual(self.answered(reply).stdout, b"nope")
        done = self.answered(reply, "--fail", status=1)
        self.assertEqual(done.stdout, b"")
        self.assertIn(b"404 Not Found", done.stderr)

    def test_a_cut_body_is_written_and_fails(self):
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\npart"
        done = self.answered(reply, status=1)
        self.assertEqual(done.stdout, b"part")
        self.assertIn(b"receive: connection closed inside a body: 4 bytes arrived of 100",
                      done.stderr)
        got = json.loads(self.answered(reply, "--as", "json", status=1).stdout)
        self.assertEqual(base64.b64decode(got["body_b64"]), b"part")
        self.assertIn("inside a body", got["error"])

    def test_compressed(self):
        reply = ok(gzip.compress(b"hello"), "Content-Encoding: gzip")
        self.assertEqual(self.answered(reply, "--compressed").stdout, b"hello")
        self.assertNotEqual(self.answered(reply).stdout, b"hello")

    def test_a_bomb_is_refused(self):
        bomb = gzip.compress(gzip.compress(b"\0" * (200 << 20)))
        done = self.answered(ok(bomb, "Content-Encoding: gzip, gzip"), "--compressed",
                             "-o", "/dev/null", status=1)
        self.assertIn(b"receive: ", done.stderr)

    def test_trace_shows_each_line(self):
        done = self.answered(ok(b"line one\nline two\n"), "--trace")
        trace = done.stderr.decode()
        for line in ("] > GET / HTTP/1.1", "] < HTTP/1.1 200 OK", "] < Content-Length: 18",
                     "] < line one", "] < line two", "] * connected to 127.0.0.1:"):
            self.assertIn(line, trace)

    def test_silence_and_refusal(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        port = listener.getsockname()[1]
        done = self.fetch("--timeout", "0.2", f"http://127.0.0.1:{port}/", status=1)
        self.assertTrue(done.stderr.startswith(b"tapedeck: wait: timed out"), done.stderr)
        listener.close()
        done = self.fetch(f"http://127.0.0.1:{port}/", status=1)
        self.assertTrue(done.stderr.startswith(b"tapedeck: connect: "), done.stderr)

    def test_a_failure_does_not_keep_the_others_back(self):
        origin = Origin(self, lambda head, body: ok(b"fine"))
        done = self.fetch("http://127.0.0.1:1/", origin.url, status=1)
        self.assertEqual(done.stdout, b"fine")

    def test_a_full_disk_is_told(self):
        done = self.answered(ok(b"x" * 10), "-o", "/dev/full", status=1)
        self.assertIn(b"No space left on device: /dev/full", done.stderr)


class Redirects(Fetch):
    def test_followed_only_when_asked(self):
        origin = Origin(self, lambda head, body: ok(b"there") if " /new" in head else
                        ok(b"moved", "Location: /new", status="302 Found"))
        self.assertEqual(self.fetch(origin.url).stdout, b"moved")
        self.assertEqual(self.fetch("-L", origin.url).stdout, b"there")
        self.assertEqual(origin.connections, 2)

    def methods(self, status, *arguments):
        origin = Origin(self, lambda head, body: ok() if "/new " in head else
                        ok(b"", "Location: new", status=status))
        self.fetch("-L", *arguments, f"{origin.url}/a/b?c")
        return [(head.split(" HTTP")[0], body) for head, body in origin.requests]

    def test_methods_and_bodies(self):
        self.assertEqual(self.methods("303 See Other", "-d", "x")[1], ("GET /a/new", b""))
        self.assertEqual(self.methods("301 Moved", "-d", "x")[1], ("GET /a/new", b""))
        self.assertEqual(self.methods("308 Permanent", "-d", "x")[1], ("POST /a/new", b"x"))
        self.assertEqual(self.methods("307 Temporary", "-X", "PUT", "-d", "x")[1],
                         ("PUT /a/new", b"x"))

    def test_credentials_stay_with_their_origin(self):
        other = Origin(self, lambda head, body: ok())
        origin = Origin(self, lambda head, body: ok(b"", f"Location: {other.url}/x",
                                                    status="307 Temporary"))
        self.fetch("-L", "-u", "a:b", "-H", "Cookie: c=1", "-H", "X-Kept: 1", origin.url)
        self.assertIn("Authorization", origin.requests[0][0])
        head = other.requests[0][0]
        self.assertNotIn("Authorization", head)
        self.assertNotIn("Cookie", head)
        self.assertIn("X-Kept: 1", head)

    def test_loops_and_other_schemes_end(self):
        loop = Origin(self, lambda head, body: ok(b"", "Location: /", status="302 Found"))
        done = self.fetch("-L", "--max-redirs", "3", loop.url, status=1)
        self.assertEqual(len(loop.requests), 4)
        self.assertIn(b"more than 3 redirects", done.stderr)
        for target in ("file:///etc/passwd", "ftp://x/", "javascript:1"):
            origin = Origin(self, lambda head, body, to=target: ok(b"", f"Location: {to}",
                                                                   status="302 Found"))
            self.assertIn(b"no http or https URL", self.fetch("-L", origin.url, status=1).stderr)


class Tls(Fetch):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"fetch-{os.getpid()}")
        os.makedirs(cls.certificates, exist_ok=True)
        for name, subject in (("server", "IP:127.0.0.1,DNS:api.test"), ("other", "DNS:other.test")):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                 "-keyout", f"{cls.certificates}/{name}.key", "-out",
                 f"{cls.certificates}/{name}.pem", "-addext", f"subjectAltName={subject}"],
                check=True, capture_output=True)

    def origin(self, name="server"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.certificates}/{name}.pem", f"{self.certificates}/{name}.key")
        return Origin(self, lambda head, body: ok(b"private"), tls=context)

    def test_a_ca_of_ones_own_is_the_only_anchor(self):
        origin, ca = self.origin(), f"{self.certificates}/server.pem"
        self.assertEqual(self.fetch("--cacert", ca, origin.url).stdout, b"private")
        done = self.fetch("--cacert", f"{self.certificates}/other.pem", origin.url, status=1)
        self.assertTrue(done.stderr.startswith(b"tapedeck: tls: certificate not trusted: "))
        self.assertEqual(len(origin.requests), 1)

    def test_unknown_certificates_are_refused_and_insecure_is_loud(self):
        origin = self.origin()
        done = self.fetch(origin.url, status=1)
        self.assertIn(b"self-signed", done.stderr)
        self.assertEqual(origin.requests, [])
        done = self.fetch("--insecure", origin.url)
        self.assertEqual(done.stdout, b"private")
        self.assertIn(b"NOT verified", done.stderr)

    def test_connect_to_verifies_the_url_s_host(self):
        origin, ca = self.origin(), f"{self.certificates}/server.pem"
        to = f"::127.0.0.1:{origin.port}"
        done = self.fetch("--cacert", ca, "--connect-to", to, "https://api.test/")
        self.assertEqual(done.stdout, b"private")
        self.assertIn("Host: api.test\r\n", origin.requests[0][0])
        done = self.fetch("--cacert", ca, "--connect-to", to, "https://wrong.test/", status=1)
        self.assertIn(b"the certificate is not for wrong.test", done.stderr)

    def test_a_file_that_cannot_be_read_is_named(self):
        done = self.fetch("--cacert", "/nowhere/ca.pem", "https://127.0.0.1/", status=2)
        self.assertEqual(done.stderr, b"tapedeck: configure: CA file /nowhere/ca.pem: "
                                      b"No such file or directory\n")


class Usage(Fetch):
    def test_wrong_usage_is_a_line_and_status_2(self):
        for arguments in (["--connect-to", "a:1", "x"], ["-d", "a", "--json", "b", "x"],
                          ["--form", "novalue", "x"], ["-x", "socks4://h", "x"], ["--as", "xml", "x"],
                          ["-H", "no colon", "x"], ["--timeout", "0", "x"], ["--key", "k", "x"],
                          ["-d", "@/nowhere", "x"], []):
            done = self.fetch(*arguments, status=2)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
            self.assertTrue(done.stderr.startswith(b"tapedeck: "), done.stderr)

    def test_a_url_that_is_none(self):
        for url in ("ftp://x/", "http://a b/", "http://h:99999/", "http://", "http://u:p@h/"):
            done = self.fetch(url, status=1)
            self.assertTrue(done.stderr.startswith(b"tapedeck: request: "), done.stderr)


if __name__ == "__main__":
    unittest.main()
