#!/usr/bin/env python3
"""Seeded rounds of a client and an origin that delay, split, reset, leave, lie and flood, with the proxy
between them; after each the row must tell what happened, and at the end nothing may be left behind.

    chaos.py TAPEDECK [--rounds 10000] [--seed 1] [--only ROUND] [--commit strict]

What both sides do in a round is decided by its seed and number: --only plays one again. Prints what did not hold.
"""
import argparse
import asyncio
import collections
import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

TOGETHER = 24  # rounds under way at once
PATIENCE = 20  # seconds for anything that must come


class Script:
    """What both sides do in one round."""

    CLIENTS = ["plain"] * 8 + ["drips", "pipelines", "leaves_while_waiting", "leaves_in_download",
                               "resets_in_upload", "closes_in_head", "speaks_nonsense", "bad_chunk"]
    ORIGINS = ["length"] * 4 + ["chunked"] * 3 + [
        "until_close", "no_content", "not_modified", "continues", "answers_early", "closes_after",
        "closes_before", "resets_before", "cuts_head", "cuts_length", "resets_length", "cuts_chunked",
        "bad_chunk", "lies_long", "bad_head", "floods_head", "floods_interim", "drips"]

    def __init__(self, seed, number):
        dice = self.dice = random.Random(f"{seed}/{number}")
        self.number = number
        self.client = dice.choice(self.CLIENTS)
        self.origin = dice.choice(self.ORIGINS)
        self.upload = None if dice.random() < 0.5 else self.size()
        self.chunked_upload = self.upload is not None and dice.random() < 0.5
        if self.client in ("resets_in_upload", "bad_chunk"):
            self.upload = max(self.upload or 0, 50)
            self.chunked_upload = self.client == "bad_chunk" or self.chunked_upload
            self.origin = "length"
        if self.client in ("leaves_while_waiting", "leaves_in_download", "pipelines"):
            self.origin = "length"
        if self.client in ("leaves_while_waiting", "pipelines"):
            self.upload = None
        self.body = dice.randbytes(max(self.size(), 30))
        self.up = b"hello" if self.client == "bad_chunk" else dice.randbytes(self.upload or 0)

    def size(self):
        kind = self.dice.random()
        if kind < 0.1:
            return 0
        return self.dice.randrange(1, 2000) if kind < 0.8 else self.dice.randrange(2000, 400_000)

    def pieces(self, data, drip=False):
        """The same bytes, split anywhere, with a pause after some."""
        cuts = sorted(self.dice.randrange(len(data) + 1)
                      for _ in range(self.dice.randrange(20 if drip else 4)))
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            pause = 0.002 if drip else self.dice.choice([0, 0, 0.001])
            yield data[start:end], pause

    def chunks(self, data):
        out = b""
        while data:
            size = self.dice.randrange(1, len(data) + 1)
            out += b"%x\r\n%s\r\n" % (size, data[:size])
            data = data[size:]
        return out + b"0\r\n\r\n"

    @property
    def is_request(self):
        return self.client not in ("closes_in_head", "speaks_nonsense")


class Seen:
    """What the two ends saw of a round."""

    def __init__(self):
        self.status = None      # the client's, of the last response
        self.received = b""     # its body, as far as it came
        self.whole = False      # it ended as its framing said
        self.by_proxy = False   # it was the proxy's own answer
        self.origin_asked = False
        self.origin_received = None  # the upload, when it came whole
        self.client_gone = asyncio.Event()


async def send(writer, pieces):
    for data, pause in pieces:
        writer.write(data)
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)


def reset(writer):
    """A TCP reset instead of an orderly end."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_head(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    return first, {name.lower(): value.strip() for name, _, value in
                   (line.partition(":") for line in lines)}


async def read_chunked(reader, into):
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return
        into(await reader.readexactly(size))
        await reader.readexactly(2)


class Origin:
    """Answers each request as the script of its round says."""

    def __init__(self, rounds):
        self.rounds = rounds  # number -> (Script, Seen)
        self.writers = set()

    async def serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while await self.exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def exchange(self, reader, writer):
        first, fields = await read_head(reader)
        script, seen = self.rounds[int(first.split()[1].split("/")[2])]
        seen.origin_asked = True
        if script.origin == "answers_early":
            await self.answer(script, writer)
            return False  # what is left of the request is not read
        received = bytearray()
        if fields.get("transfer-encoding") == "chunked":
            await read_chunked(reader, received.extend)
        elif length := int(fields.get("content-length", "0")):
            received += await reader.readexactly(length)
        seen.origin_received = bytes(received)
        if script.client == "leaves_while_waiting":
            await seen.client_gone.wait()
            await asyncio.sleep(0.05)
        return await self.answer(script, writer)

    async def answer(self, script, writer):
        """Whether the connection is good for another."""
        body, kind = script.body, script.origin
        length = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        half = body[:len(body) // 2]
        if kind in ("closes_before", "resets_before"):
            if kind == "resets_before":
                reset(writer)
            return False
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        reply = {
            "length": lambda: length % len(body) + body,
            "drips": lambda: length % len(body) + body,
            "closes_after": lambda: length % len(body) + body,
            "chunked": lambda: chunked + script.chunks(body),
            "until_close": lambda: b"HTTP/1.1 200 OK\r\n\r\n" + body,
            "no_content": lambda: b"HTTP/1.1 204 No Content\r\n\r\n",
            "not_modified": lambda: b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
            "continues": lambda: interim * 3 + length % len(body) + body,
            "answers_early": lambda: length.replace(b"200 OK", b"413 Content Too Large") % len(body)
            + body,
            "cuts_head": lambda: b"HTTP/1.1 200 OK\r\nContent-Le",
            "cuts_length": lambda: length % len(body) + half,
            "resets_length": lambda: length % len(body) + half,
            "cuts_chunked": lambda: chunked + b"%x\r\n%s" % (len(body), half),
            "bad_chunk": lambda: chunked + b"%x\r\n%s\r\nzz\r\n" % (len(half), half),
            "lies_long": lambda: length % len(half) + body,
            "bad_head": lambda: script.dice.choice([
                b"HTTP/1.1 20 OK\r\n\r\n", b"HELO example.test\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"]),
            "floods_head": lambda: b"HTTP/1.1 200 OK\r\n" + b"X-Flood: water\r\n" * 20_000,
            "floods_interim": lambda: interim * 20_000,
        }[kind]()
        with contextlib.suppress(OSError):
            await send(writer, script.pieces(reply, drip=kind == "drips"))
        if kind == "answers_early":
            # A server that closes with the upload unread would reset what it has just said.
            writer.write_eof()
            await asyncio.sleep(0.05)
        if kind == "resets_length":
            await asyncio.sleep(0.02)
            reset(writer)
        return kind in ("length", "drips", "chunked", "no_content", "not_modified", "continues")


class Client:
    def __init__(self, proxy, origin):
        self.proxy, self.origin = proxy, origin

    def request(self, script, suffix=""):
        url = f"http://127.0.0.1:{self.origin}/round/{script.number}{suffix}"
        head = f"{'GET' if script.upload is None else 'POST'} {url} HTTP/1.1\r\nHost: x\r\n".encode()
        if script.upload is None:
            return head + b"\r\n"
        if script.chunked_upload:
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + script.chunks(script.up)
        return head + b"Content-Length: %d\r\n\r\n" % len(script.up) + script.up

    async def play(self, script, seen):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy, limit=1 << 20)
        try:
            await asyncio.wait_for(self.dialogue(script, seen, reader, writer), PATIENCE)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            seen.client_gone.set()
            writer.close()

    async def dialogue(self, script, seen, reader, writer):
        kind, request = script.client, self.request(script)
        if kind == "speaks_nonsense":
            writer.write(b"\x00\x01 what is this\r\n\r\n")
            return await self.read(seen, reader)
        if kind == "closes_in_head":
            writer.write(request[:20])
            await asyncio.sleep(0.005)
            return None
        if kind in ("resets_in_upload", "bad_chunk"):
            head, _, rest = request.partition(b"\r\n\r\n")
            await send(writer, script.pieces(head + b"\r\n\r\n"))
            if kind == "bad_chunk":
                writer.write(b"%x\r\n%s\r\nxyz\r\n" % (len(script.up), script.up))
                return await self.read(seen, reader)
            writer.write(rest[:len(rest) // 2])
            await asyncio.sleep(0.02)
            return reset(writer)
        if kind == "pipelines":
            await send(writer, script.pieces(request + self.request(script, "/second")))
            await self.read(seen, reader)
            return await self.read(seen, reader)
        sending = asyncio.ensure_future(send(writer, script.pieces(request, drip=kind == "drips")))
        try:
            if kind == "leaves_while_waiting":
                await sending
                return await asyncio.sleep(0.02)
            if kind == "leaves_in_download":
                await sending
                await reader.read(script.dice.randrange(1, 200))
                return reset(writer)
            await self.read(seen, reader)
        finally:
            sending.cancel()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await sending
        return None

    async def read(self, seen, reader):
        seen.whole, seen.received = False, b""
        while True:
            first, fields = await read_head(reader)
            seen.status = int(first.split()[1])
            if seen.status >= 200:
                break
        seen.by_proxy = "proxy-status" in fields and "error=" in fields["proxy-status"]
        received = bytearray()
        try:
            if seen.status in (204, 304):
                pass
            elif fields.get("transfer-encoding") == "chunked":
                await read_chunked(reader, received.extend)
            elif "content-length" in fields:
                while left := int(fields["content-length"]) - len(received):
                    if not (data := await reader.read(left)):
                        raise asyncio.IncompleteReadError(b"", left)
                    received += data
            seen.whole = True
        finally:
            seen.received = bytes(received)


class Judge:
    """Compares the rows of a round with what was played and seen."""

    TRUNCATES = ("cuts_length", "resets_length", "cuts_chunked", "bad_chunk")
    FAILS_BEFORE = ("closes_before", "resets_before", "cuts_head", "bad_head", "floods_head",
                    "floods_interim")

    def __init__(self, log):
        self.log = log
        self.complaints = []
        self.tally = collections.Counter()

    def check(self, script, seen):
        rows = self.log.execute(
            "SELECT state, status, error_stage, error_code, request_size, response_size,"
            " request_body_id, response_body_id FROM exchange"
            " WHERE path GLOB ? OR path = ? ORDER BY id",
            (f"/round/{script.number}/*", f"/round/{script.number}")).fetchall()
        for row in rows:
            self.tally[row[0], row[2], row[3]] += 1
        try:
            self.judge(script, seen, rows)
        except AssertionError as failed:
            self.complaints.append(
                f"round {script.number}: client {script.client}, origin {script.origin}, up "
                f"{script.upload}{' chunked' if script.chunked_upload else ''}: {failed}; client saw "
                f"{seen.status}{' by the proxy' if seen.by_proxy else ''}, {len(seen.received)} bytes, "
                f"{'whole' if seen.whole else 'cut'}; rows {rows}")

    def judge(self, script, seen, rows):
        if not script.is_request:
            assert not rows, "a row for what was no request"
            return
        assert len(rows) == (2 if script.client == "pipelines" else 1), "not one row an exchange"
        for row in rows:
            self.judge_row(script, seen, *row)

    def judge_row(self, script, seen, state, status, stage, code, up, down, up_body, down_body):
        assert state in ("complete", "failed", "aborted"), "no end"
        # Only of an answer that came before the request was whole is there more to say.
        if script.origin != "answers_early":
            assert (state == "complete") == (stage is None), "an error without a place or the reverse"
        assert script.up.startswith(self.body(up_body)), "it records an upload nobody sent"
        assert len(self.body(up_body)) == up, "request_size is not the body's"
        # What the proxy says itself is in the row as well.
        if seen.origin_asked and not seen.by_proxy and script.client != "bad_chunk":
            assert script.body.startswith(self.body(down_body)), "it records a body nobody sent"
        if state == "complete":
            assert status == seen.status or script.client.startswith("leaves"), "another status"
            if seen.origin_received is not None:
                assert script.up == self.body(up_body) == seen.origin_received, "another upload"
        if seen.whole and not seen.by_proxy:
            assert self.body(down_body) == seen.received, "the client has another body"
        if script.client == "leaves_while_waiting" and seen.origin_asked:
            assert state == "aborted", "the client left"
        elif script.client == "leaves_in_download" and seen.origin_asked:
            assert state in ("aborted", "complete"), "the client left"
        elif script.client == "resets_in_upload":
            assert state in ("aborted", "failed"), "the client left"
        elif script.client == "bad_chunk":
            assert state in ("failed", "aborted") and seen.status in (400, 502), "a bad chunk"
        elif not seen.origin_asked:
            # The client left before its request was committed; or the origin closed a kept connection
            # just then, and the request is not to be repeated.
            left = script.client.startswith("leaves") and state == "aborted"
            stale = script.upload is not None and state == "failed" and status == 502
            assert left or stale, "never asked"
        elif script.origin in self.FAILS_BEFORE:
            assert state == "failed" and seen.status == 502 and seen.by_proxy, "no response came"
        elif script.origin in self.TRUNCATES:
            assert state == "failed" and not seen.whole and status == 200, "a cut response"
        elif script.origin == "answers_early":
            # Who has the answer may leave with the request unsaid.
            assert state in ("failed", "aborted") or (status == 413 and seen.whole), "an early answer"
        else:
            assert state == "complete" and seen.whole and not seen.by_proxy, "it was whole"

    def body(self, identity):
        return body_of(self.log, identity)


def body_of(log, identity):
    """A recorded body; of none, nothing."""
    if identity is None:
        return b""
    whole, = log.execute("SELECT bytes FROM body WHERE id = ?", (identity,)).fetchone()
    if whole is not None:
        return whole
    return b"".join(part for part, in log.execute(
        "SELECT bytes FROM body_chunk WHERE body_id = ? ORDER BY seq", (identity,)))


class Proxy:
    def __init__(self, tapedeck, folder, *options):
        self.tapedeck, self.db = tapedeck, f"{folder}/log.db"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("TAPEDECK", "XDG_"))}
        self.process = subprocess.Popen(
            [tapedeck, "serve", "--listen", "127.0.0.1:0", "--db", self.db, "--log-level", "error",
             *options], stdout=subprocess.PIPE, text=True, env={**environment, "HOME": folder})
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def holds(self):
        """Descriptors, connections, bytes of the queue, rows not ended."""
        told = subprocess.run([self.tapedeck, "status", "--json", "--db", self.db], check=True,
                              capture_output=True, text=True)
        status = json.loads(told.stdout)
        with contextlib.closing(self.log()) as log:
            rows, = log.execute("SELECT count(*) FROM exchange WHERE state = 'open'").fetchone()
        return {"descriptors": len(os.listdir(f"/proc/{self.process.pid}/fd")),
                "connections": status["connections"], "queued bytes": status["log"]["queued_bytes"],
                "open rows": rows}

    def log(self):
        return sqlite3.connect(f"file:{self.db}?mode=ro", uri=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


async def play(options, proxy):
    """number -> (Script, Seen)"""
    rounds = {}
    origin = Origin(rounds)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, limit=1 << 20)
    client = Client(proxy.port, server.sockets[0].getsockname()[1])
    numbers = numbers_of(options)

    async def worker():
        for number in numbers:
            rounds[number] = Script(options.seed, number), Seen()
            await client.play(*rounds[number])

    await asyncio.gather(*(worker() for _ in range(TOGETHER)))
    server.close()
    for writer in list(origin.writers):
        writer.close()
    return rounds


def come_to_rest(proxy, before):
    """What is held beyond what was at the start, once nothing changes any more."""
    end = time.monotonic() + PATIENCE
    while True:
        left = {what: count for what, count in proxy.holds().items() if count > before[what]}
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.1)


def arguments(what):
    """Those that every such program takes."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("tapedeck")
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    return parser


def numbers_of(options):
    return iter([options.only] if options.only is not None else range(options.rounds))


def tell(complaints, summary):
    """Prints both; the exit status."""
    print("\n".join([*complaints, f"{summary}, {len(complaints)} complaints"]))
    return 1 if complaints else 0


def main():
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--commit", default="batched")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapedeck-chaos-") as folder:
        proxy = Proxy(options.tapedeck, folder, "--commit", options.commit)
        before = proxy.holds()
        rounds = asyncio.run(play(options, proxy))
        left = come_to_rest(proxy, before)
        with contextlib.closing(proxy.log()) as log:
            judge = Judge(log)
            for script, seen in rounds.values():
                judge.check(script, seen)
        complaints = judge.complaints
        if left:
            complaints.append(f"left behind: {left}")
        if status := proxy.stop():
            complaints.append(f"the proxy ended with {status}")
    for (state, stage, code), count in sorted(judge.tally.items(), key=str):
        print(f"{count:7} {state} {stage or ''} {code or ''}".rstrip())
    return tell(complaints, f"{len(rounds)} rounds of seed {options.seed}")


if __name__ == "__main__":
    sys.exit(main())
