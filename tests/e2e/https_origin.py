"""What the tests of HTTPS stand on: an origin with a private CA, and `tapedeck run`."""
import http.server
import os
import sqlite3
import ssl
import subprocess
import threading

from harness import Case


def openssl(directory, *arguments):
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


class Https(Case):
    """A server whose CA nobody trusts but who is told to, and `tapedeck run` told so."""

    def setUp(self):
        super().setUp()
        for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "JAVA_TOOL_OPTIONS", "NODE_OPTIONS"):
            self.env.pop(name, None)
        self.db = os.path.join(self.dir, "log.db")
        self.ca = os.path.join(self.dir, "origin-ca.pem")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl(self.dir, "req", "-x509", *key, "-keyout", "ca.key", "-out", self.ca,
                "-subj", "/CN=origin CA", "-addext", "keyUsage=critical,keyCertSign")
        self.issue(key)
        self.origin = self.serve()

    def issue(self, key, extensions="subjectAltName=DNS:localhost,IP:127.0.0.1,IP:0.0.0.0\n"
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
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
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
