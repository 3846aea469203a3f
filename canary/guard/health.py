"""How the guard itself is doing: answers to probes, and metrics in Prometheus's text format."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BLIND_S = 20.0  # not ready after so long without a look that saw everything
STUCK_S = 120.0  # not alive after so long without a look that ended
PORT = 8080


@dataclass(slots=True, kw_only=True)
class Health:
    """What the patrol came to so far.

    `looked_s` is when the last look ended, `saw_s` when the last one that saw everything did;
    monotonic seconds. `runs` is how many runs are under way, `leads` whether this guard acts, of
    several; the others count since the start.
    """

    looked_s: float
    saw_s: float = -math.inf
    runs: int = 0
    restores: int = 0
    errors: int = 0
    leads: bool = False

    def looked(self, now_s: float, *, complete: bool) -> None:
        """Note the end of a look, just now."""
        self.looked_s = now_s
        self.saw_s = now_s if complete else self.saw_s

    def status(self, path: str, now_s: float) -> int:
        """What a probe is answered."""
        limits = {"/healthz": (self.looked_s, STUCK_S), "/readyz": (self.saw_s, BLIND_S)}
        since_s, limit_s = limits[path]
        return 200 if now_s - since_s <= limit_s else 503

    def metrics(self, now_s: float) -> str:
        """Everything in the text format."""
        age = f"{now_s - self.saw_s:.3f}" if math.isfinite(self.saw_s) else "+Inf"
        told = (
            ("runs_watched", "gauge", "Runs that are under way.", self.runs),
            ("restores_total", "counter", "Runs whose traffic was put back.", self.restores),
            ("errors_total", "counter", "Answers of the API server that failed.", self.errors),
            ("leading", "gauge", "Whether this one acts, of several.", int(self.leads)),
            ("look_age_seconds", "gauge", "Since the last look that saw everything.", age),
        )
        return "".join(
            f"# HELP canary_guard_{name} {text}\n# TYPE canary_guard_{name} {kind}\n"
            f"canary_guard_{name} {value}\n"
            for name, kind, text, value in told
        )

    def answer(self, path: str, now_s: float) -> tuple[int, str]:
        """Status and text for a request."""
        if path == "/metrics":
            return 200, self.metrics(now_s)
        return (self.status(path, now_s), "") if path in {"/healthz", "/readyz"} else (404, "")


def serve(
    health: Health, port: int = PORT, clock: Callable[[], float] = time.monotonic
) -> ThreadingHTTPServer:
    """Answer probes and scrapes, in threads of their own."""

    class Window(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one request."""
            status, text = health.answer(self.path, clock())
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Probes are not worth a line."""

    server = ThreadingHTTPServer(("", port), Window)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
