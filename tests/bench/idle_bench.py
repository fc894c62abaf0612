#!/usr/bin/env python3
"""What an idle connection costs the proxy, in kB of resident memory.

    idle_bench.py TAPEDECK [--pairs 1500] [--burst] [--tls] [--shared]

Opens PAIRS clients, each to an origin of its own port, so that each holds one client connection and one
upstream connection; all answer one request and then rest. `--tls` has both sides intercepted; `--burst`
lets all of them ask at once instead of one after the other, `--shared` has one origin for all, whose
connections they share. At the end all ask once more, and all must be answered. Prints the growth of the process a pair,
a second later and, when the heap has been trimmed, 15 seconds later.
"""
import argparse
import asyncio
import os
import resource
import signal
import ssl
import subprocess
import sys
import tempfile


def certificate(folder):
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    ca, leaf = f"{folder}/ca.pem", f"{folder}/leaf.pem"
    run("req", "-x509", *key, "-keyout", f"{folder}/ca.key", "-out", ca, "-days", "2", "-subj",
        "/CN=bench CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    run("req", *key, "-keyout", f"{folder}/leaf.key", "-out", f"{folder}/leaf.csr", "-subj",
        "/CN=localhost")
    with open(f"{folder}/ext", "w", encoding="ascii") as out:
        out.write("subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n"
                  "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n")
    run("x509", "-req", "-in", f"{folder}/leaf.csr", "-CA", ca, "-CAkey", f"{folder}/ca.key", "-days",
        "2", "-extfile", f"{folder}/ext", "-out", leaf)
    return ca, leaf, f"{folder}/leaf.key"


def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


async def answer(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve_origins(count, context, out):
    servers = [await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context, backlog=4096) for _ in range(count)]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    out.write(" ".join(map(str, ports)) + "\n")
    out.flush()
    await asyncio.Event().wait()


async def converse(proxy_port, origin_port, context):
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy_port)
    authority = f"{'localhost' if context else '127.0.0.1'}:{origin_port}"
    target = "/" if context else f"http://{authority}/"
    if context:
        writer.write(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await writer.start_tls(context, server_hostname="localhost")
    conversation = reader, writer, f"GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode()
    await ask(*conversation)
    return conversation


async def ask(reader, writer, request):
    writer.write(request)
    answer = await reader.readuntil(b"ok")
    if b" 200 " not in answer:
        sys.exit(answer.decode())


async def measure(proxy, port, origins, context, burst):
    connections = [await converse(port, origins[0], context) for _ in range(20)]
    await asyncio.sleep(1)
    before = resident_kb(proxy.pid)
    rest = [converse(port, origin, context) for origin in origins[1:]]
    if burst:
        connections += await asyncio.gather(*rest)
    else:
        connections += [await conversation for conversation in rest]
    for delay in (1, 14):
        await asyncio.sleep(delay)
        grown = resident_kb(proxy.pid) - before
        print(f"{len(rest)} pairs: {grown / len(rest):.1f} kB a pair after {delay} s more")
    await asyncio.gather(*(ask(*conversation) for conversation in connections))
    print(f"all {len(connections)} asked again and were answered")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tapedeck")
    parser.add_argument("--pairs", type=int, default=1500)
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--shared", action="store_true")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        ca, leaf, key = certificate(folder)
        read_end, write_end = os.pipe()
        origin = os.fork()
        if origin == 0:
            context = None
            if options.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(leaf, key)
            asyncio.run(serve_origins(1 if options.shared else options.pairs + 1, context, os.fdopen(write_end, "w")))
        with os.fdopen(read_end) as lines:
            origins = [int(word) for word in lines.readline().split()]
        if options.shared:
            origins *= options.pairs + 1
        proxy = subprocess.Popen(
            [options.tapedeck, "serve", "--listen", "127.0.0.1:0", "--db", f"{folder}/log.db",
             "--ca-dir", f"{folder}/ca", "--upstream-ca", ca, "--max-connections", "20000",
             "--max-client-connections", "20000"], stdout=subprocess.PIPE, text=True)
        try:
            port = next(int(line.split("127.0.0.1:")[1].split()[0].rstrip(",;/")) for line in proxy.stdout
                        if "127.0.0.1:" in line)
            context = ssl.create_default_context(cafile=f"{folder}/ca/ca.pem") if options.tls else None
            asyncio.run(measure(proxy, port, origins, context, options.burst))
        finally:
            proxy.send_signal(signal.SIGTERM)
            os.kill(origin, signal.SIGTERM)
            proxy.wait(30)


if __name__ == "__main__":
    main()
