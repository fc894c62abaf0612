"""The server that docs/client.md talks to. `python3 example_server.py` starts it by hand."""
import contextlib
import http.server
import itertools
import json
import ssl
import subprocess
import tempfile
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        self.number = next(self.server.connections)
        self.count = 0

    def answer(self, body, content_type="text/plain"):
        self.send_response_only(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        self.count += 1
        path = self.path.split("?")[0].strip("/")
        getattr(self, f"get_{path}", lambda: self.send_error(404))()

    def get_hello(self):
        self.answer("Hello, world")

    def get_later(self):
        self.server.ended.wait(0.2)
        self.answer("at last")

    def get_headers(self):
        self.answer("\n".join(f"{name}: {value}" for name, value in self.headers.items()
                              if name != "Host"))

    def get_count(self):
        self.answer(f"request {self.count} on connection {self.number}")

    def get_large(self):
        self.answer("0123456789" * 10_000)

    def get_lines(self):
        """Chunks that do not end where the lines do."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"first\nsec", b"ond\nthi", b"rd\n", b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def get_users(self):
        self.answer(json.dumps({"users": [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}]}),
                    "application/json")

    def get_slow(self):
        self.server.ended.wait(30)
        self.close_connection = True

    def get_broken(self):
        """Promises more than it sends."""
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def do_POST(self):
        """Says how the body was delimited, its type, and the body."""
        pieces = []
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size).decode())
                self.rfile.readline()
            self.rfile.readline()
            told = f"{len(pieces)} chunks"
        else:
            size = int(self.headers["Content-Length"])
            pieces.append(self.rfile.read(size).decode())
            told = f"{size} bytes"
        if "Content-Type" in self.headers:
            told += f" of {self.headers['Content-Type']}"
        self.answer(f"{told}:\n" + "".join(pieces))

    do_PUT = do_POST


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = itertools.count(1)
        self.ended = threading.Event()
        self.context = context
        self.url = f"{'https' if context else 'http'}://localhost:{self.server_port}"

    def finish_request(self, request, client_address):
        """The handshake belongs to the connection's thread."""
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if self.context:
            with contextlib.suppress(OSError):
                request.unwrap()
            request.close()

    def handle_error(self, *_):
        """Clients that leave are part of the game."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.shutdown()
        self.server_close()


def openssl(*arguments):
    subprocess.run(("openssl", *arguments), check=True, capture_output=True)


def make_certificates(folder):
    """A CA, `folder`/ca.pem, and the context of a server it vouches for as localhost."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-subj", "/CN=example CA", "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", f"{folder}/server.key",
            "-out", f"{folder}/server.csr")
    with open(f"{folder}/server.ext", "w") as out:
        out.write("subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\n")
    openssl("x509", "-req", "-in", f"{folder}/server.csr", "-CA", f"{folder}/ca.pem",
            "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{folder}/server.ext", "-out", f"{folder}/server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
    return context


def main():
    with tempfile.TemporaryDirectory() as folder, Server() as plain, \
            Server(make_certificates(folder)) as secure:
        print(plain.url, secure.url, f"{folder}/ca.pem", sep="\n", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
