#!/usr/bin/env python3
"""A day of mixed traffic in minutes: memory and descriptors must stay flat, and every exchange be a row.

    soak.py TAPEDECK [--minutes 20] [--exchanges 2000000]

Rounds of 20,000 exchanges by `hey`: 1 KB, 64 KB and 1 MB bodies, 404s, servers that refuse; between them
clients that leave in the middle of a body, clients that speak no HTTP, and uploads. Prints resident memory
a quarter (the median), the last against the second, descriptors, and rows against what was sent.
"""
import argparse
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ODD = 20  # of each kind, a round


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_origin(folder, port):
    os.mkdir(f"{folder}/www")
    for name, size in (("1k", 1 << 10), ("64k", 64 << 10), ("1m", 1 << 20)):
        with open(f"{folder}/www/{name}", "wb") as out:
            out.write(os.urandom(size))
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(f"{folder}/nginx.conf", "w", encoding="ascii") as out:
        out.write(f"""daemon off; master_process off; pid {folder}/pid; error_log /dev/null crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; {temporary} root {folder}/www;
  server {{ listen 127.0.0.1:{port}; location /up {{ client_max_body_size 10m; return 204; }} }} }}""")
    return subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)


def hey(proxy, count, url, *options):
    subprocess.run(["hey", "-x", f"http://127.0.0.1:{proxy}", "-n", str(count), "-c", "20", *options,
                    url], check=True, stdout=subprocess.DEVNULL)


def odd_clients(proxy, origin):
    """Each leaves one row."""
    for _ in range(ODD):
        with socket.create_connection(("127.0.0.1", proxy)) as leaver:
            leaver.sendall(f"GET http://127.0.0.1:{origin}/1m HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            leaver.recv(1000)
        with socket.create_connection(("127.0.0.1", proxy)) as stranger:
            stranger.sendall(b"what is this\r\n\r\n")
            while stranger.recv(4096):
                pass


class Watch(threading.Thread):
    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.memory, self.descriptors, self.over = pid, [], [], threading.Event()

    def run(self):
        while not self.over.wait(0.5):
            with open(f"/proc/{self.pid}/status", encoding="ascii") as lines:
                self.memory.append(next(int(line.split()[1]) for line in lines
                                        if line.startswith("RssAnon")))
            self.descriptors.append(len(os.listdir(f"/proc/{self.pid}/fd")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tapedeck")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--exchanges", type=int, default=2_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        origin = free_port()
        nginx = start_origin(folder, origin)
        db = f"{folder}/log.db"
        proxy = subprocess.Popen([options.tapedeck, "serve", "--listen", "127.0.0.1:0", "--db", db,
                                  "--log-level", "off"], stdout=subprocess.PIPE, text=True)
        port = int(proxy.stdout.readline().rsplit(":", 1)[1])
        refused = free_port()
        base = f"http://127.0.0.1:{origin}"
        watch = Watch(proxy.pid)
        watch.start()
        sent, rounds, began = 0, max(1, options.exchanges // 20_000), time.monotonic()
        for number in range(rounds):
            hey(port, 18_000, base + "/1k")
            hey(port, 1_000, base + "/64k")
            hey(port, 60, base + "/1m")
            hey(port, 500, base + "/missing")
            hey(port, 200, f"http://127.0.0.1:{refused}/")
            hey(port, 200, base + "/up", "-m", "POST", "-D", f"{folder}/www/64k")
            odd_clients(port, origin)
            sent += 18_000 + 1_000 + 60 + 500 + 200 + 200 + 2 * ODD
            time.sleep(max(0, began + options.minutes * 60 * (number + 1) / rounds - time.monotonic()))
        watch.over.set()
        watch.join()
        proxy.terminate()
        status = proxy.wait(60)
        nginx.terminate()
        nginx.wait()
        quarter = len(watch.memory) // 4
        medians = [statistics.median(watch.memory[i * quarter:(i + 1) * quarter]) for i in range(4)]
        print("RssAnon by quarter, kB:", " ".join(f"{median:.0f}" for median in medians),
              f"last / second: {medians[3] / medians[1]:.3f}")
        print(f"descriptors: {watch.descriptors[quarter]} to {watch.descriptors[-1]}, at most "
              f"{max(watch.descriptors)}")
        with sqlite3.connect(db) as log:
            rows = dict(log.execute("SELECT state, count(*) FROM exchange GROUP BY state"))
            intact = log.execute("PRAGMA integrity_check").fetchone()[0]
        print(f"sent {sent}, rows {sum(rows.values())} {rows}, integrity {intact}, exit {status}, "
              f"{time.monotonic() - began:.0f} s, log {os.path.getsize(db) >> 20} MiB")
        if sum(rows.values()) != sent or status != 0:
            sys.exit(1)


if __name__ == "__main__":
    main()
