#!/usr/bin/env python3
"""What the proxy sends on, read by parsers that are not ours: h11, and Node's llhttp.

    oracle.py TAPEDECK [--rounds 10000] [--seed 1] [--only ROUND]

Requests and responses are made by grammar and then spoilt. Whatever passes the proxy must be, to both
parsers, the messages of which the log has rows, no more and no fewer: same method, target and body, and
to both the same fields. A message that the log does not call complete must not look complete to them.
"""
import asyncio
import base64
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time

import h11

from chaos import Proxy, arguments, body_of, numbers_of, tell

TOGETHER = 8
METHODS = ["GET", "HEAD", "OPTIONS", "PURGE", "M-SEARCH", "DELETE", "POST", "PUT", "PATCH", "REPORT"]
SILENCE = 0.15  # seconds without a byte, after which a message counts as not finished

NODE = r"""
const http = require('http'), { Duplex } = require('stream'), readline = require('readline');
readline.createInterface({ input: process.stdin }).on('line', line => {
  const { id, kind, method, wire } = JSON.parse(line), seen = [];
  const socket = new Duplex({ read() {}, write(_, __, done) { done(); } });
  socket.setTimeout = socket.setKeepAlive = socket.setNoDelay = () => socket;
  const take = (message, facts) => { const parts = []; const entry = { ...facts,
      fields: message.rawHeaders, whole: false }; seen.push(entry);
    message.on('data', part => parts.push(part));
    message.on('end', () => { entry.whole = message.complete; });
    message.on('error', () => {});
    message.on('close', () => { entry.body = Buffer.concat(parts).toString('base64'); }); };
  if (kind === 'requests') {
    const server = http.createServer({ keepAliveTimeout: 0 }, (message, reply) => {
      take(message, { method: message.method, target: message.url });
      message.on('end', () => reply.end()); });
    server.on('clientError', () => {});
    server.on('upgrade', (message) => { seen.push({ method: message.method, target: message.url,
      fields: message.rawHeaders, whole: true, body: '' }); });
    server.emit('connection', socket);
  } else {
    const request = http.request({ method, createConnection: () => socket });
    request.on('response', message => take(message, { status: message.statusCode }));
    request.on('error', () => {});
    request.end();
  }
  setImmediate(() => { socket.push(Buffer.from(wire, 'base64')); socket.push(null);
    setTimeout(() => console.log(JSON.stringify({ id, seen })), 30); });
});
"""


class Dice(random.Random):
    def token(self):
        return "".join(self.choices("abcXYZ019!#$%&'*+-.^_`|~", k=self.randrange(1, 9)))

    def value(self):
        return "".join(self.choices("abc XYZ,;=\"\t/\x80\xff\xe9", k=self.randrange(0, 20)))

    def body(self):
        return self.randbytes(self.choice([0, 1, 2, 10, 300, 5000]))

    def chunked(self, body):
        out = b""
        while body:
            size = self.randrange(1, len(body) + 1)
            digits = self.choice(["%x", "%X", "00%x"]) % size
            extension = self.choice(["", "", "", ";a", ";a=b", ';a="c;d"'])
            out += f"{digits}{extension}\r\n".encode() + body[:size] + b"\r\n"
            body = body[size:]
        trailers = "".join(f"X-T{i}: {self.value()}\r\n" for i in range(self.choice([0, 0, 1, 2])))
        return out + b"0\r\n" + trailers.encode("latin-1") + b"\r\n"

    def fields(self):
        lines = [f"X-{self.token()}: {self.value()}" for _ in range(self.randrange(6))]
        lines += self.choice([[], [], ["Connection: close"], ["Connection: x-a, keep-alive", "X-A: 1"],
                              ["Keep-Alive: timeout=5"], ["TE: trailers"], ["Via: 1.0 fred"],
                              ["Trailer: X-T0"], ["Cookie: a=b", "Cookie: c=d"]])
        self.shuffle(lines)
        return lines

    def framed(self, lines, body):
        if self.random() < 0.5:
            wire = self.chunked(body)
            lines.insert(self.randrange(len(lines) + 1), "Transfer-Encoding: chunked")
        else:
            wire = body
            lines.insert(self.randrange(len(lines) + 1), f"Content-Length: {len(body)}")
        return wire

    def request(self, port, number):
        path = "".join(self.choices("abc/._-~!$&'()*+,;=:@%41", k=self.randrange(10)))
        query = self.choice(["", "?", "?a=b&c", "?x=%20/?"])
        target = f"http://127.0.0.1:{port}/{number}/{path}{query}"
        lines = ["Host: example.test", *self.fields()]
        method, wire = self.choice(METHODS[:6]), b""
        if self.random() < 0.6:
            method = self.choice(METHODS[5:])
            wire = self.framed(lines, self.body())
        version = self.choice(["1.1", "1.1", "1.1", "1.0"])
        head = "\r\n".join([f"{method} {target} HTTP/{version}", *lines, "", ""])
        return head.encode("latin-1") + wire

    def response(self):
        lines, status = self.fields(), self.choice([200, 200, 200, 201, 204, 301, 304, 404, 500])
        body = self.body()
        wire = body if self.random() < 0.2 else self.framed(lines, body)
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * self.choice([0, 0, 0, 1, 3])
        head = "\r\n".join([f"HTTP/1.{self.choice('110')} {status} {self.token()}", *lines, "", ""])
        return interim + head.encode("latin-1") + wire

    def spoilt(self, wire):
        """One to three wrongs, most of them where messages are delimited."""
        for _ in range(self.choice([0, 0, 1, 1, 2, 3])):
            at = self.randrange(len(wire) + 1)
            lines = wire.split(b"\r\n")
            line = self.randrange(len(lines))
            wire = self.choice([
                lambda: wire[:at] + self.choice([b"\0", b"\r", b"\n", b" ", b"\t", b":", b"\x0b", b"0",
                                                 b"\xff", b";", b"\r\n", b"\n\n"]) + wire[at:],
                lambda: wire[:at] + wire[at + self.randrange(1, 4):],
                lambda: wire[:at],
                lambda: b"\r\n".join(lines[:line] + [lines[line]] + lines[line:]),
                lambda: b"\r\n".join(lines[:line] + lines[line + 1:]),
                lambda: b"\r\n".join(lines[:line + 1]) + b"\n" + b"\r\n".join(lines[line + 1:]),
                lambda: wire.replace(b": ", self.choice([b" : ", b":", b":\t", b":\r\n "]), 1),
                lambda: wire.replace(b"\r\n\r\n", self.choice(
                    [b"\r\nContent-Length: 3\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n",
                     b"\r\nTransfer-Encoding: xchunked\r\n\r\n", b"\r\nContent-Length: +3\r\n\r\n",
                     b"\r\nTransfer-Encoding:\x0bchunked\r\n\r\n", b"\r\nContent-Length: 0, 0\r\n\r\n",
                     b"\r\nTransfer-Encoding\r\n: chunked\r\n\r\n", b"\n\n", b"\r\n\r"]), 1),
                lambda: wire + self.choice([b"\r\n", b"x", b"GET / HTTP/1.1\r\nHost: y\r\n\r\n"]),
            ])()
        return wire


class Round:
    def __init__(self, seed, number, port):
        dice = Dice(f"{seed}/{number}")
        self.number = number
        self.kind = dice.choice(["requests", "responses"])
        if self.kind == "requests":
            self.request = dice.spoilt(dice.request(port, number))
            self.response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        else:
            self.method = dice.choice(["GET", "GET", "GET", "HEAD"])
            self.request = (f"{self.method} http://127.0.0.1:{port}/{number}/ HTTP/1.1\r\nHost: x\r\n"
                            "Connection: close\r\n\r\n").encode()
            self.response = dice.spoilt(dice.response())
        self.client = None     # its address, as the log has it
        self.time = None       # from, until, in microseconds
        self.upstream = []     # the bytes of each connection to the origin
        self.answered = b""    # what the client got


async def some(reader):
    """What comes next; b"" when nothing does."""
    with contextlib.suppress(asyncio.TimeoutError, OSError):
        return await asyncio.wait_for(reader.read(1 << 16), SILENCE)
    return b""


class Player:
    """One round after another, with an origin of its own: all that reaches it belongs to the round."""

    def __init__(self, proxy):
        self.proxy, self.round = proxy, None

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        playing, wire = self.round, bytearray()
        index = len(playing.upstream)
        playing.upstream.append(wire)
        parser = h11.Connection(h11.SERVER)
        try:
            while data := await some(reader):
                wire += data
                parser.receive_data(data)
                while (event := parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                    if isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                        break
                if isinstance(event, h11.EndOfMessage):
                    writer.write(playing.response)
                    await writer.drain()
                    await self.linger(reader, wire)
                    break
        except (h11.RemoteProtocolError, OSError):
            pass
        playing.upstream[index] = bytes(wire)
        writer.close()

    async def linger(self, reader, wire):
        """What comes after the message is looked at as well."""
        with contextlib.suppress(asyncio.TimeoutError, OSError):
            wire += await asyncio.wait_for(reader.read(1 << 16), 0.01)

    async def play(self, playing):
        self.round, began = playing, time.time_ns() // 1000
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        playing.client = "%s:%d" % writer.get_extra_info("sockname")
        with contextlib.suppress(OSError):
            writer.write(playing.request)
            await writer.drain()
            while data := await some(reader):
                playing.answered += data
                if playing.kind == "requests" and playing.answered.endswith(b"\r\n\r\nok"):
                    break
        writer.close()
        await asyncio.sleep(0.015)
        playing.time = began, time.time_ns() // 1000


def by_h11(role, wire, method="GET"):
    """[(start line facts, fields, body, whole)], as far as it can be read."""
    parser = h11.Connection(role, max_incomplete_event_size=1 << 20)
    if role is h11.CLIENT:
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        parser.send(h11.EndOfMessage())
    messages = []
    try:
        parser.receive_data(wire)
        parser.receive_data(b"")
        while True:
            event = parser.next_event()
            if isinstance(event, (h11.Request, h11.Response)):
                start = ((event.method.decode(), event.target.decode("latin-1"))
                         if role is h11.SERVER else event.status_code)
                messages.append([start, [(n.decode().lower(), v.decode("latin-1"))
                                         for n, v in event.headers], b"", False])
            elif isinstance(event, h11.Data):
                messages[-1][2] += event.data
            elif isinstance(event, h11.EndOfMessage):
                messages[-1][3] = True
                if role is h11.CLIENT:
                    return messages
            elif event is h11.PAUSED:
                parser.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                parser.send(h11.EndOfMessage())
                if parser.our_state is h11.MUST_CLOSE:
                    return messages
                parser.start_next_cycle()
            elif not isinstance(event, h11.InformationalResponse):
                return messages
    except h11.RemoteProtocolError:
        return messages


def by_node(rounds):
    """(number, index) -> messages as by_h11, all read by one process."""
    lines = []
    for playing in rounds:
        wires = playing.upstream if playing.kind == "requests" else [playing.answered]
        for index, wire in enumerate(wires):
            lines.append(json.dumps({"id": [playing.number, index], "kind": playing.kind,
                                     "method": getattr(playing, "method", ""),
                                     "wire": base64.b64encode(wire).decode()}))
    done = subprocess.run(["node", "-e", NODE], input="\n".join(lines), capture_output=True, text=True,
                          check=True)
    read = {}
    for line in done.stdout.splitlines():
        told = json.loads(line)
        messages = []
        for seen in told["seen"]:
            fields = [(n.lower(), v) for n, v in zip(seen["fields"][::2], seen["fields"][1::2])]
            start = seen.get("status") or (seen["method"], seen["target"])
            messages.append([start, fields, base64.b64decode(seen.get("body", "")), seen["whole"]])
        read[tuple(told["id"])] = messages
    return read


class Judge:
    def __init__(self, log, node):
        self.log, self.node, self.complaints = log, node, []
        self.passed = 0

    def check(self, playing):
        rows = self.log.execute(
            "SELECT state, status, method, path || coalesce('?' || query, ''), request_body_id,"
            " response_body_id, error_code FROM exchange WHERE client = ?"
            " AND started_at BETWEEN ? AND ? ORDER BY id", (playing.client, *playing.time)).fetchall()
        try:
            (self.requests if playing.kind == "requests" else self.responses)(playing, rows)
        except AssertionError as failed:
            self.complaints.append(f"round {playing.number}: {failed}\n  request  {playing.request!r}\n"
                                   f"  upstream {playing.upstream!r}\n  response {playing.response!r}\n"
                                   f"  answered {playing.answered!r}\n  rows {rows}")

    def requests(self, playing, rows):
        complete = [row for row in rows if row[0] == "complete" and row[1] == 200]
        fields = []
        for reader in ("h11", "node"):
            seen = []
            for index, wire in enumerate(playing.upstream):
                messages = (by_h11(h11.SERVER, wire) if reader == "h11"
                            else self.node[playing.number, index])
                seen += [message for message in messages if message[3]]
            if reader == "node" and any(row[2] not in METHODS for row in complete):
                continue  # llhttp reads no method that it has not heard of
            fields.append([lines for _, lines, _, _ in seen])
            got = [(start[0], start[1], body) for start, _, body, _ in seen]
            recorded = [(row[2], row[3], self.body(row[4])) for row in complete]
            assert got == recorded, f"{reader} reads {got}, the log has {recorded}"
        assert fields[0] == fields[-1], f"h11 and node read other fields: {fields}"
        self.passed += len(complete)

    def responses(self, playing, rows):
        assert len(rows) == 1, "not one row"
        state, status, _, _, _, body, error = rows[0]
        fields = []
        for reader in ("h11", "node"):
            messages = (by_h11(h11.CLIENT, playing.answered, playing.method) if reader == "h11"
                        else self.node[playing.number, 0])
            last = messages[-1] if messages else [None, [], b"", False]
            fields.append(last[1])
            own = any(name == "proxy-status" and "error=" in value for name, value in last[1])
            if state == "complete":
                assert last[0] == status and last[3], f"{reader}: {last}"
                assert last[2] == self.body(body), f"{reader} reads another body: {last}"
                self.passed += 1
            else:
                assert own or not last[3], f"{reader} takes it for whole: {last}, {error}"
        assert fields[0] == fields[-1], f"h11 and node read other fields: {fields}"

    def body(self, identity):
        return body_of(self.log, identity)


async def play(options, proxy):
    rounds = []
    numbers = numbers_of(options)

    async def player():
        one = Player(proxy)
        await one.start()
        for number in numbers:
            rounds.append(Round(options.seed, number, one.port))
            await one.play(rounds[-1])
        one.server.close()

    await asyncio.gather(*(player() for _ in range(TOGETHER)))
    await asyncio.sleep(2 * SILENCE)
    return rounds


def main():
    options = arguments(__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory(prefix="tapedeck-oracle-") as folder:
        proxy = Proxy(options.tapedeck, folder)
        rounds = asyncio.run(play(options, proxy))
        status = proxy.stop()
        with contextlib.closing(proxy.log()) as log:
            judge = Judge(log, by_node(rounds))
            for playing in rounds:
                judge.check(playing)
    complaints = judge.complaints + ([f"the proxy ended with {status}"] if status else [])
    return tell(complaints, f"{len(rounds)} rounds of seed {options.seed}, {judge.passed} readings of "
                            "whole messages")


if __name__ == "__main__":
    sys.exit(main())
