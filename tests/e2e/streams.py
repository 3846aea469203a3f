"""Long-lived clients of the test app: a WebSocket, server-sent events, downloads. Runs alone.

Writes a JSON list per observation: kind, client's number, time (unix s), version, what.
    ws      what is the seconds from a frame to its echo
    sse     what is the event's number
    large   what is the digest of the whole body
    range   what are the few bytes that were asked for
    error   what ended the client
The last line is "end", after SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import os
import signal
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

EVERY_S = 0.1
PATIENCE_S = 5.0
RANGE = (1_000_000, 1_000_015)
WEBSOCKET_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Client:
    """One client with one connection at a time."""

    def __init__(self, number: int, host: str, name: str) -> None:
        self.number = number
        self.host = host
        self.name = name
        self.version = ""

    def say(self, kind: str, what: Any) -> None:
        """Write one observation."""
        print(json.dumps([kind, self.number, round(time.time(), 4), self.version, what]))

    async def ask(self, path: str, status: int, **headers: str) -> dict[str, str]:
        """Send one GET on a new connection; the headers of the answer, of this status."""
        self.reader, self.writer = await asyncio.open_connection(self.host, 80)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.name}"]
        lines += [f"{name}: {value}" for name, value in sent.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        raw = await self.reader.readuntil(b"\r\n\r\n")
        first, *rest = raw.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in rest if line)
        head = {name.lower(): value.strip() for name, _, value in pairs}
        if int(first.split(" ")[1]) != status:
            raise ValueError(f"{path}: {first} {head}")
        self.version = head.get("x-version", "")
        return head

    async def websocket(self) -> None:
        """Send a frame ten times a second and wait for its echo."""
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
        head = await self.ask("/ws", 101, **upgrade, Sec_WebSocket_Key=key)
        digest = hashlib.sha1((key + WEBSOCKET_KEY).encode()).digest()  # noqa: S324
        if head.get("sec-websocket-accept") != base64.b64encode(digest).decode():
            raise ValueError(f"not accepted: {head}")
        for number in range(10**9):
            await self.echo(f"frame {number}".encode())
            await asyncio.sleep(EVERY_S)

    async def echo(self, text: bytes) -> None:
        """Send one masked text frame and read it back."""
        began, mask = time.monotonic(), os.urandom(4)
        body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
        self.writer.write(struct.pack("!BB", 0x81, 0x80 | len(text)) + mask + body)
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readexactly(2)
            echo = await self.reader.readexactly(head[1])
        if echo != text:
            raise ValueError(f"{text!r} came back as {echo!r}")
        self.say("ws", round(time.monotonic() - began, 4))

    async def events(self) -> None:
        """Read server-sent events, which come ten times a second."""
        path = f"/events?count=100000&every_s={EVERY_S}"
        head = await self.ask(path, 200, Accept="text/event-stream")
        if head.get("content-type") != "text/event-stream":
            raise ValueError(f"no events: {head}")
        while True:
            async with asyncio.timeout(PATIENCE_S):
                line = await self.reader.readuntil(b"\n")
            if line == b"0\r\n":
                raise EOFError("the last chunk")
            if line.startswith(b"data: "):
                self.say("sse", json.loads(line.removeprefix(b"data: "))["n"])

    async def downloads(self) -> None:
        """Again and again, a large body and a few bytes out of its middle."""
        while True:
            head = await self.ask("/large", 200, Connection="close")
            self.say("large", hashlib.sha256(await self.body(head)).hexdigest())
            part = "bytes={}-{}".format(*RANGE)
            head = await self.ask("/large", 206, Connection="close", Range=part)
            self.say("range", (await self.body(head)).decode())
            await asyncio.sleep(EVERY_S)

    async def body(self, head: dict[str, str]) -> bytes:
        """All that Content-Length promises."""
        body = await self.reader.readexactly(int(head["content-length"]))
        self.writer.close()
        return body

    KINDS: dict[str, Callable[[Client], Awaitable[None]]] = {  # noqa: RUF012
        "ws": websocket,
        "sse": events,
        "downloads": downloads,
    }

    async def run(self, kind: str) -> None:
        """Be a client of this kind until it fails."""
        try:
            await self.KINDS[kind](self)
        except (OSError, EOFError, ValueError) as error:  # TimeoutError is an OSError
            self.say("error", f"{kind}: {error!r}")


async def main() -> None:
    """Run clients of one kind until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=Client.KINDS)
    parser.add_argument("--host", required=True)
    parser.add_argument("--name", required=True, help="the Host header")
    parser.add_argument("--clients", type=int, default=1)
    options = parser.parse_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clients = [Client(number, options.host, options.name) for number in range(options.clients)]
    running = [asyncio.create_task(client.run(options.kind)) for client in clients]
    await stop.wait()
    for task in running:
        task.cancel()
    print("end")


if __name__ == "__main__":
    asyncio.run(main())
