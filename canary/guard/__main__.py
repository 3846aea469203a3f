"""`python -m canary.guard`: the patrol, and how its pod is doing.

GUARD_OWNER is the stack's id, GUARD_NAMESPACES its apps' namespaces, separated by blanks.
"""

from __future__ import annotations

import logging
import os
import signal
import ssl
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from canary.guard.api import Api
from canary.guard.patrol import Patrol

POLL_S = 2.0
BLIND_S = 20.0  # not ready after so long without a look that saw everything
STUCK_S = 120.0  # not alive after so long without a look that ended
PORT = 8080
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(slots=True)
class Health:
    """When the last look ended, and the last one that saw everything; monotonic seconds."""

    looked_s: float
    saw_s: float

    def status(self, path: str, now_s: float) -> int:
        """What a probe is answered."""
        limits = {"/healthz": (self.looked_s, STUCK_S), "/readyz": (self.saw_s, BLIND_S)}
        if path not in limits:
            return 404
        since_s, limit_s = limits[path]
        return 200 if now_s - since_s <= limit_s else 503


def serve(health: Health, port: int = PORT) -> ThreadingHTTPServer:
    """Answer probes, in threads of their own."""

    class Probe(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer a probe."""
            self.send_response(health.status(self.path, time.monotonic()))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Probes are not worth a line."""

    server = ThreadingHTTPServer(("", port), Probe)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def in_cluster() -> Api:
    """The API server as a pod's account sees it."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    return Api(
        url=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        token=lambda: (ACCOUNT / "token").read_text().strip(),
        context=ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt")),
    )


def main() -> None:
    """Look until told to stop."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    namespaces = tuple(os.environ["GUARD_NAMESPACES"].split())
    patrol = Patrol(api=in_cluster(), owner=os.environ["GUARD_OWNER"], namespaces=namespaces)
    health = Health(time.monotonic(), time.monotonic() - 2 * BLIND_S)
    server = serve(health)
    logging.getLogger("guard").info("watching %s", ", ".join(namespaces))
    while not ended.is_set():
        complete = patrol.look()
        health.looked_s = time.monotonic()
        health.saw_s = health.looked_s if complete else health.saw_s
        ended.wait(POLL_S)
    server.shutdown()


if __name__ == "__main__":
    main()
