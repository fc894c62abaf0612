"""What a HAR costs to import and export, beside Python's json doing the same to the same file.

    python3 tests/bench/har_bench.py build/release/tapedeck [MEGABYTES]

The file is made here: a third JSON text with its quotes escaped, a third text in several scripts, a
third binary in base64, bodies of 2 kB to 2 MB. Python reads it, decodes the base64 and writes it again;
tapedeck reads it into a log and writes the log as a HAR. Best of three.
"""
import base64
import json
import os
import random
import subprocess
import sys
import tempfile
import time


def make(path, megabytes):
    rng = random.Random(1)
    words = [f"word{n}" for n in range(500)]
    line = json.dumps({"id": 1, "name": " ".join(rng.choices(words, k=20)), "on": True})
    texts = [line + "\n", "Größe, цена, 価格, ascii in between. " * 3]
    with open(path, "w") as out:
        out.write('{"log":{"version":"1.2","creator":{"name":"bench","version":"1"},"entries":[\n')
        number = 0
        while out.tell() < megabytes * 1_000_000:
            size = int(2_000 * 10 ** rng.uniform(0, 3))
            kind = number % 3
            if kind == 2:
                content = {"encoding": "base64", "text": base64.b64encode(rng.randbytes(size)).decode()}
            else:
                content = {"text": f"{number} " + texts[kind] * (size // len(texts[kind]))}
            headers = [{"name": f"X-Header-{n}", "value": f"value {n}"} for n in range(12)]
            entry = {
                "startedDateTime": "2026-11-23T05:54:58.123Z", "time": 12.5,
                "request": {"method": "GET", "url": f"http://api.example.com/v1/items/{number}?page=1",
                            "httpVersion": "HTTP/1.1", "cookies": [], "headers": headers,
                            "queryString": [{"name": "page", "value": "1"}],
                            "headersSize": -1, "bodySize": 0},
                "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1",
                             "cookies": [], "headers": headers, "redirectURL": "",
                             "content": {"size": size, "mimeType": "text/plain", **content},
                             "headersSize": -1, "bodySize": size},
                "cache": {}, "timings": {"send": 0.5, "wait": 10, "receive": 2}}
            out.write(("," if number else "") + json.dumps(entry, ensure_ascii=False) + "\n")
            number += 1
        out.write("]}}\n")


def timed(command):
    """Wall seconds, CPU seconds and peak memory of the best of three runs."""
    best = None
    for _ in range(3):
        start = time.monotonic()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, command
        cpu = usage.ru_utime + usage.ru_stime
        if best is None or wall < best[0]:
            best = wall, cpu, usage.ru_maxrss // 1024
    return best


def python_does_it(har, again):
    """Seconds that Python's json takes to read the file, decoding its base64, and to write it."""
    reads, writes = [], []
    for _ in range(3):
        start = time.monotonic()
        with open(har) as file:
            log = json.load(file)
        for entry in log["log"]["entries"]:
            content = entry["response"]["content"]
            if content.get("encoding") == "base64":
                base64.b64decode(content["text"])
            else:
                content["text"].encode()
        reads.append(time.monotonic() - start)
        start = time.monotonic()
        with open(again, "w") as file:
            json.dump(log, file, ensure_ascii=False)
        writes.append(time.monotonic() - start)
    return min(reads), min(writes)


def main():
    tapedeck = sys.argv[1]
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    with tempfile.TemporaryDirectory(prefix="tapedeck-har-") as place:
        har, log, again = f"{place}/in.har", f"{place}/log.db", f"{place}/out.har"
        make(har, megabytes)
        size = os.path.getsize(har) / 1e6

        print(f"{size:.0f} MB of HAR")
        importing = f"rm -f {log}*; exec {tapedeck} --db {log} import {har}"
        for what, command in (("tapedeck import", ["sh", "-c", importing]),
                              ("tapedeck export", [tapedeck, "--db", log, "export", "-o", again])):
            wall, cpu, memory = timed(command)
            print(f"{what:16} {wall:6.2f} s {size / wall:6.0f} MB/s  CPU {cpu:5.2f} s  {memory} MiB")
        for what, wall in zip(("Python reads", "Python writes"), python_does_it(har, again)):
            print(f"{what:16} {wall:6.2f} s {size / wall:6.0f} MB/s")


main()
