#!/usr/bin/env python3
"""The client core against libcurl, Python's http.client and bare sockets, in one run.

    client_bench.py BUILD_DIR [--rounds 5] [--requests 20000]

Starts nginx on loopback, http and https, and prints the median of the CPU each client spent on a
request, and its ratio to libcurl's. Also `tapedeck fetch` of many URLs against the curl program.
Run it on a machine that does nothing else.
"""
import argparse
import http.client
import os
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

FETCH_URLS = 20_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    def __init__(self, folder):
        self.http, self.https = free_port(), free_port()
        self.ca = f"{folder}/cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{folder}/key.pem", "-out",
                        self.ca, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        os.mkdir(f"{folder}/www")
        with open(f"{folder}/www/1k", "wb") as out:
            out.write(b"x" * 1024)
        with open(f"{folder}/www/1g", "wb") as out:
            out.truncate(1 << 30)
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{folder}/nginx.conf", "w", encoding="ascii") as out:
            out.write(f"""daemon off; master_process off; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{ access_log off; keepalive_requests 1000000000; sendfile on; tcp_nopush on; {temporary}
  ssl_certificate {self.ca}; ssl_certificate_key {folder}/key.pem; ssl_session_cache shared:s:1m;
  ssl_protocols TLSv1.2 TLSv1.3; root {folder}/www;
  server {{ listen 127.0.0.1:{self.http}; listen 127.0.0.1:{self.https} ssl; }} }}""")
        self.process = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"],
                                        stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.https)).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("nginx did not start")

    def url(self, scheme, path):
        return f"{scheme}://127.0.0.1:{getattr(self, scheme)}{path}"


def http_client(nginx, scheme, count):
    if scheme == "http":
        connection = http.client.HTTPConnection("127.0.0.1", nginx.http)
    else:
        context = ssl.create_default_context(cafile=nginx.ca)
        connection = http.client.HTTPSConnection("127.0.0.1", nginx.https, context=context)
    start = time.process_time()
    for _ in range(count):
        connection.request("GET", "/1k")
        connection.getresponse().read()
    return (time.process_time() - start) / count * 1e6


def program_cpu_us(command, count):
    before = os.times()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return (after.children_user + after.children_system - before.children_user
            - before.children_system) / count * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20_000)
    options = parser.parse_args()
    bench = f"{options.build}/tests/bench/client_bench"
    with tempfile.TemporaryDirectory() as folder:
        nginx = Nginx(folder)
        try:
            run(options, bench, nginx)
        finally:
            nginx.process.terminate()
            nginx.process.wait()


def run(options, bench, nginx):
    def one(who, work, scheme, path, count):
        ca = [nginx.ca] if scheme == "https" else []
        return float(subprocess.run([bench, who, work, nginx.url(scheme, path), str(count), *ca],
                                    capture_output=True, check=True, text=True).stdout)

    works = []
    for scheme in ("http", "https"):
        rivals = ["tapedeck", "libcurl", "http.client"] + (["socket"] if scheme == "http" else [])
        works.append((f"{scheme} 1 KB, kept alive", rivals,
                      lambda who, scheme=scheme: http_client(nginx, scheme, options.requests // 4)
                      if who == "http.client" else one(who, "get", scheme, "/1k", options.requests)))
    for scheme in ("http", "https"):
        works.append((f"{scheme} body of 1 GiB", ["tapedeck", "libcurl"],
                      lambda who, scheme=scheme: one(who, "body", scheme, "/1g", 1)))
    works.append(("https, resumed handshake", ["tapedeck", "libcurl"],
                  lambda who: one(who, "handshake", "https", "/1k", options.requests // 20)))
    urls = [nginx.url("http", "/1k")] * FETCH_URLS
    programs = {"tapedeck fetch": [f"{options.build}/tapedeck", "fetch", *urls],
                "curl": ["curl", "-s", "--noproxy", "*", *urls]}
    works.append((f"{FETCH_URLS} URLs, one command", list(programs),
                  lambda who: program_cpu_us(programs[who], FETCH_URLS)))

    print(f"{'work':28} {'client':16} {'us/request':>12} {'of libcurl':>11}")
    for work, rivals, measure in works:
        seen = {who: [] for who in rivals}
        for _ in range(options.rounds):
            for who in rivals:
                seen[who].append(measure(who))
        median = {who: statistics.median(values) for who, values in seen.items()}
        base = median.get("libcurl") or median["curl"]
        for who in rivals:
            print(f"{work:28} {who:16} {median[who]:12.2f} {median[who] / base:11.2f}", flush=True)


if __name__ == "__main__":
    main()
