"""Sends requests at a constant rate and writes one line for every answer, until SIGTERM.

Open loop: a slow answer delays no other request. Runs alone, on the machine and in a pod.
A line is a JSON list: sent (unix s), seconds, method, status (0: none), who, pod, error.
The last line is "end", so that a reader knows that none is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import signal
import time
from typing import Any

PATIENCE_S = 5.0
LOOK_S = 0.05
SURE = 20  # connections of which every replica behind an address gets one, but for one in 500,000
PATHS = {"GET": "/", "POST": "/echo"}

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Client:
    """Talks HTTP/1.1 to one address; keeps idle connections if it may.

    `name` is the Host header, with a path behind it if not each method's own is asked for.
    """

    def __init__(self, host: str, port: int, name: str, *, keep: bool) -> None:
        self.header = ""
        self.host = host
        self.port = port
        self.name, slash, rest = name.partition("/")
        self.path = slash + rest
        self.keep = keep
        self.patience_s = PATIENCE_S
        self.idle: list[Streams] = []

    async def ask(self, method: str) -> list[Any]:
        """Send one request; how it went, without the time it was sent."""
        began = time.monotonic()
        status, who, pod, error = 0, "", "", ""
        try:
            async with asyncio.timeout(self.patience_s):
                status, headers, body = await self._exchange(method)
                who, pod = named(headers, body)
        except TimeoutError:
            error = "no answer"
        except (OSError, EOFError, ValueError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        return [round(time.monotonic() - began, 4), method, status, who, pod, error]

    async def _exchange(self, method: str) -> tuple[int, dict[str, str], bytes]:
        reader, writer = self.idle.pop() if self.idle else await self._connection()
        try:
            writer.write(self._request(method))
            status, headers, body = await answer(reader)
        except BaseException:
            writer.close()
            raise
        if self.keep and headers.get("connection") != "close":
            self.idle.append((reader, writer))
        else:
            writer.close()
        return status, headers, body

    async def _connection(self) -> Streams:
        return await asyncio.open_connection(self.host, self.port)

    def _request(self, method: str) -> bytes:
        body = b'{"a": 1}' if method == "POST" else b""
        lines = [
            f"{method} {self.path or PATHS[method]} HTTP/1.1",
            f"Host: {self.name}",
            f"Content-Length: {len(body)}",
            f"Connection: {'keep-alive' if self.keep else 'close'}",
            *([self.header] if self.header else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Read status, headers and body of one answer."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        body = await chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(first.split(" ")[1]), headers, body


async def chunks(reader: asyncio.StreamReader) -> bytes:
    """Read a body that comes in chunks."""
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")
    return body


def named(headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """Which version and which pod answered, as podinfo and the test app say."""
    said: dict[str, Any] = {}
    if headers.get("content-type", "").startswith("application/json") and body[:1] == b"{":
        said = json.loads(body)
    who = headers.get("x-version") or said.get("message") or ""
    return str(who), str(said.get("hostname") or "")


async def send(client: Client, rate: float, methods: list[str], stop: asyncio.Event) -> None:
    """Send until `stop`, then wait for the answers that are still out."""
    began, began_wall = time.monotonic(), time.time()
    open_requests: set[asyncio.Task[None]] = set()
    for number, method in enumerate(itertools.cycle(methods)):
        due = number / rate
        await asyncio.sleep(max(0.0, began + due - time.monotonic()))
        if stop.is_set():
            break
        task = asyncio.create_task(report(client, method, began_wall - began))
        open_requests.add(task)
        task.add_done_callback(open_requests.discard)
    if open_requests:
        await asyncio.wait(open_requests)
    print("end", flush=True)


async def routed(host: str, port: int, name: str) -> None:
    """Return once no replica of a proxy says 404: one may hear of a route later than another."""
    clients = [Client(host, port, name, keep=False) for _ in range(SURE)]
    statuses: set[int] = {404}
    while 404 in statuses:
        await asyncio.sleep(LOOK_S)
        statuses = {found[2] for found in await asyncio.gather(*(c.ask("GET") for c in clients))}


async def report(client: Client, method: str, offset: float) -> None:
    """Ask once and write how it went."""
    sent = round(time.monotonic() + offset, 4)
    print(json.dumps([sent, *await client.ask(method)]), flush=True)


async def main() -> None:
    """Read the arguments and send."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--name", required=True, help="the Host header; NAME/PATH asks for a path")
    parser.add_argument("--rate", type=float, required=True, help="requests/s")
    parser.add_argument("--methods", default="GET")
    parser.add_argument("--keep-alive", action="store_true")
    parser.add_argument("--header", default="", help="a line to be added to each request's head")
    parser.add_argument("--once-routed", action="store_true", help="begin when nobody says 404")
    parser.add_argument("--patience-s", type=float, default=PATIENCE_S, help="for one answer")
    options = parser.parse_args()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = Client(options.host, options.port, options.name, keep=options.keep_alive)
    client.header = options.header
    client.patience_s = options.patience_s
    if options.once_routed:
        await routed(options.host, options.port, options.name)
    await send(client, options.rate, options.methods.split(","), stop)


if __name__ == "__main__":
    asyncio.run(main())
