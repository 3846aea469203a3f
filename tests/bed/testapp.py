"""A small web server whose faults its environment sets; runs alone on a stock Python image.

PORT              where it listens (8080)
VERSION           what it calls itself (dev)
ERROR_SHARE       share of requests answered 500, 0 to 1
MISSING_SHARE     share of requests answered 404
HANG_SHARE        share of requests never answered
LATENCY_S         seconds before every answer
ONLY_METHOD       faults befall only this method, such as POST
ONLY_AFTER_S      faults begin this many seconds after the start
LEAK_MB_PER_S     memory it takes and keeps, every second
EXIT_AFTER_S      it ends by itself, with exit code 1
UNREADY_AFTER_S   /readyz answers 503 from then on

Paths: /healthz and /readyz (never faulty but for UNREADY_AFTER_S), /events (server-sent events,
?count= and ?every_s=), /ws (a WebSocket that echoes), /large (?bytes=, understands Range);
anything else echoes the request, with the version, as JSON.
"""

import base64
import hashlib
import json
import math
import os
import random
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

WEBSOCKET_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LARGE_BYTES = 10_000_000
LEAK_AT_MOST_MB = 1000
END_WITHIN_S = 5.0
CHUNK = b"0123456789abcdef" * 1024
HEALTHY_PATHS = ("/healthz", "/readyz")
CLOSE, PING = 8, 9


@dataclass(frozen=True)
class Faults:
    """What goes wrong, when and for whom; shares are between 0 and 1."""

    version: str = "dev"
    only_method: str = ""
    error_share: float = 0.0
    missing_share: float = 0.0
    hang_share: float = 0.0
    latency_s: float = 0.0
    only_after_s: float = 0.0
    leak_mb_per_s: float = 0.0
    exit_after_s: float = 0.0
    unready_after_s: float = math.inf
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Faults":
        """Read them from the environment; a value that is no number ends the program."""
        numbers = {
            name: float(env[name.upper()])
            for name, kind in cls.__annotations__.items()
            if kind is float and name != "began" and env.get(name.upper())
        }
        return cls(env.get("VERSION", "dev"), env.get("ONLY_METHOD", ""), **numbers)

    def age_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def befall(self, method: str) -> bool:
        """Whether a request of this method can be hit now."""
        return self.only_method in {"", method} and self.age_s() >= self.only_after_s

    def lot(self, draw: float) -> str:
        """Which fault a number from 0 to 1 stands for: hang, error, missing or none."""
        bounds = accumulate((self.hang_share, self.error_share, self.missing_share))
        named = zip(("hang", "error", "missing"), bounds, strict=True)
        return next((name for name, bound in named if draw < bound), "none")


class Server(ThreadingHTTPServer):
    """One thread a connection; knows its faults."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], faults: Faults) -> None:
        self.faults = faults
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self.open_requests = 0
        super().__init__(address, Handler)

    def count(self, change: int) -> None:
        """Note that a request has come or gone: the end waits for the open ones."""
        with self.changed:
            self.open_requests += change
            self.changed.notify_all()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_: object) -> None:
        """No access log: measured traffic would fill the disk."""

    def answer(self) -> None:
        """Read the request's body, let the faults have their turn, then serve the path."""
        self.server.count(1)
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = urlsplit(self.path).path
            if path in HEALTHY_PATHS or not self.stricken():
                self.serve(path, body)
        finally:
            self.server.count(-1)
        self.close_connection |= self.server.stopping.is_set()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def stricken(self) -> bool:
        """Whether a fault has taken this request; delays it in any case if it must be late."""
        faults = self.server.faults
        if not faults.befall(self.command):
            return False
        if faults.latency_s:
            self.server.stopping.wait(faults.latency_s)
        lot = faults.lot(random.random())
        if lot == "hang":
            self.server.stopping.wait()
            self.close_connection = True
        elif lot != "none":
            self.send(500 if lot == "error" else 404, {"error": "as asked for"})
        return lot != "none"

    def serve(self, path: str, body: bytes) -> None:
        """Route by path."""
        faults = self.server.faults
        if path in HEALTHY_PATHS:
            ready = path == "/healthz" or faults.age_s() < faults.unready_after_s
            self.send(200 if ready else 503, {"status": "OK" if ready else "unready"})
        elif path in self.SPECIAL:
            self.SPECIAL[path](self)
        else:
            self.echo(body)

    def echo(self, body: bytes) -> None:
        """The request as JSON, with the version and the host that answers."""
        known = {"version": self.server.faults.version, "hostname": socket.gethostname()}
        asked = {"method": self.command, "path": self.path, "headers": dict(self.headers.items())}
        self.send(200, known | asked | {"body": body.decode("utf-8", "replace")})

    def send(self, code: int, content: object) -> None:
        """A JSON answer."""
        payload = json.dumps(content).encode()
        kind = {"Content-Type": "application/json"}
        self.head(code, {**kind, "Content-Length": str(len(payload))})
        if self.command != "HEAD":
            self.wfile.write(payload)

    def head(self, code: int, headers: Mapping[str, str]) -> None:
        """The answer's first part, which always names the version."""
        self.send_response(code)
        for name, value in {"X-Version": self.server.faults.version, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def query(self, name: str, default: float) -> float:
        """A number from the query string."""
        return float(parse_qs(urlsplit(self.path).query).get(name, [default])[0])

    def events(self) -> None:
        """Server-sent events: numbered, one every so many seconds, until the client leaves."""
        self.head(200, {"Content-Type": "text/event-stream", "Connection": "close"})
        for number in range(int(self.query("count", 10))):
            data = json.dumps({"n": number, "version": self.server.faults.version})
            self.wfile.write(f"id: {number}\ndata: {data}\n\n".encode())
            if self.server.stopping.wait(self.query("every_s", 0.1)):
                return

    def large(self) -> None:
        """A long answer, or the part of it that Range asks for."""
        total = int(self.query("bytes", LARGE_BYTES))
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2] or total), total - 1) if asked else total - 1
        if first > last:
            self.head(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"})
            return
        part = {"Content-Range": f"bytes {first}-{last}/{total}"} if asked else {}
        self.head(206 if asked else 200, {**part, "Content-Length": str(last - first + 1)})
        if self.command != "HEAD":
            self.write_part(first, last)

    def write_part(self, first: int, last: int) -> None:
        """The bytes from first to last of an endless repetition of CHUNK."""
        while first <= last:
            first += self.wfile.write(CHUNK[first % len(CHUNK) :][: last - first + 1])

    def websocket(self) -> None:
        """Echo every message, until the client closes."""
        key = self.headers.get("Sec-WebSocket-Key", "")
        if not key:
            self.send(426, {"error": "a WebSocket is spoken here"})
            return
        digest = hashlib.sha1((key + WEBSOCKET_KEY).encode()).digest()  # noqa: S324
        accept = {"Sec-WebSocket-Accept": base64.b64encode(digest).decode()}
        self.head(101, {"Upgrade": "websocket", "Connection": "Upgrade", **accept})
        self.close_connection = True
        while (frame := self.read_frame()) is not None:
            first, payload = frame
            reply = first + 1 if first & 0x0F == PING else first  # a pong is the next number
            self.wfile.write(bytes([reply]) + frame_length(len(payload)) + payload)
            if first & 0x0F == CLOSE:
                return

    def read_frame(self) -> tuple[int, bytes] | None:
        """The first byte and the unmasked payload of a frame; None at the end of the stream."""
        head = self.rfile.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length > 125:
            length = int.from_bytes(self.rfile.read(2 if length == 126 else 8), "big")
        mask = self.rfile.read(4) if head[1] & 0x80 else bytes(4)
        payload = self.rfile.read(length)
        return head[0], bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))

    Route = Callable[["Handler"], None]
    SPECIAL: ClassVar[dict[str, Route]] = {"/events": events, "/large": large, "/ws": websocket}


def frame_length(length: int) -> bytes:
    """The length of an unmasked frame as WebSocket writes it."""
    if length > 65535:
        return b"\x7f" + length.to_bytes(8, "big")
    return b"\x7e" + length.to_bytes(2, "big") if length > 125 else bytes([length])


def leak(server: Server) -> None:
    """Take memory every tenth of a second and never give it back, up to LEAK_AT_MOST_MB."""
    kept = bytearray()
    while len(kept) < LEAK_AT_MOST_MB * 1_000_000 and not server.stopping.wait(0.1):
        kept += os.urandom(int(server.faults.leak_mb_per_s * 100_000))
    server.stopping.wait()


def start(faults: Faults, port: int, host: str = "") -> Server:
    """Serve in the background; stop with `stop`."""
    server = Server((host, port), faults)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    if faults.leak_mb_per_s:
        threading.Thread(target=leak, args=(server,), daemon=True).start()
    if faults.exit_after_s:
        end = threading.Timer(faults.exit_after_s, os._exit, (1,))  # without a goodbye
        end.daemon = True
        end.start()
    return server


def stop(server: Server) -> None:
    """Accept no more, release whatever hangs, and let open requests end."""
    server.stopping.set()
    server.shutdown()
    server.server_close()
    with server.changed:
        server.changed.wait_for(lambda: server.open_requests == 0, END_WITHIN_S)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    faults = Faults.of(os.environ)
    server = start(faults, int(os.environ.get("PORT", "8080")))
    print(f"testapp {faults.version} listens on {server.server_port}", flush=True)
    signal.sigwait(signals)
    stop(server)


if __name__ == "__main__":
    main()
