#!/usr/bin/env python3
"""How long `tapedeck ls` takes on a large log: the whole command, medians of five, warm cache.

usage: query_bench.py BUILD [ROWS...]        (default: 10000 100000 1000000)
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

QUERIES = [
    [],
    ["host:rare.example.net"],
    ["host:*.example.net"],
    ["host:amber-7.example.com"],
    ["method:PURGE"],
    ["status:418"],
    ["status:5xx"],
    ["path:/v1/order/*"],
    ["path:/no/such/path"],
    ["type:json"],
    ["type:image"],
    ["larger-than:1M"],
    ["slower-than:500ms"],
    ["since:2026-09-21T20:00"],
    ["until:2026-09-21T20:00"],
    ["session:generated"],
    ["has:error"],
    ["header:X-Absent"],
    ["header:X-Request-Id=7"],
    ["id:5000..5100"],
    ["mode:tunnel"],
    ["state:failed"],
    ["client:10.0.0.1:*"],
    ["host:amber-7.example.com", "status:5xx", "since:2026-09-21T20:00"],
    ["needle"],
    ["willow"],
    ["need*"],
    ["absent"],
]
ROUNDS = 5


def median_ms(command):
    times = []
    for _ in range(ROUNDS):
        start = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append((time.monotonic() - start) * 1e3)
    return statistics.median(times)


def main():
    build = pathlib.Path(sys.argv[1])
    sizes = [int(rows) for rows in sys.argv[2:]] or [10_000, 100_000, 1_000_000]
    columns = []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as directory:
            log = f"{directory}/log.db"
            subprocess.run([build / "tests/bench/log_generator", log, str(rows), "--index"], check=True)
            command = [build / "tapedeck", "ls", "--db", log]
            columns.append([median_ms(command + query) for query in QUERIES])
    print("| `ls`, ms |" + "".join(f" {rows:,} |" for rows in sizes))
    print("|---|" + "---|" * len(sizes))
    for query, *times in zip(QUERIES, *columns):
        name = " ".join(query) or "(newest)"
        print(f"| `{name}` |" + "".join(f" {ms:.0f} |" for ms in times))


if __name__ == "__main__":
    main()
