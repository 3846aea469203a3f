"""Users of the demo: they ask at a constant rate through Traefik, from first to last."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

NO_ANSWER = 0
TIMEOUT_S = 5.0


class Users:
    """Threads that send GET requests for one host to a loopback port until the block ends."""

    def __init__(self, port: int, host: str, *, threads: int = 3, rate_per_s: float = 60.0) -> None:
        self._port = port
        self._host = host
        self._pause_s = threads / rate_per_s
        self._codes: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def answers(self) -> Counter[int]:
        """How many answers of each HTTP code came since the last call; 0 stands for none."""
        with self._lock:
            codes, self._codes = self._codes, Counter()
        return codes

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        due_s = time.monotonic()
        while not self._over.wait(max(0.0, due_s - time.monotonic())):
            due_s = max(due_s + self._pause_s, time.monotonic() - 1.0)  # no burst after a halt
            code = self._code(connection)
            with self._lock:
                self._codes[code] += 1
        connection.close()

    def _code(self, connection: http.client.HTTPConnection) -> int:
        try:
            connection.request("GET", "/", headers={"Host": self._host})
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request opens it anew
            return NO_ANSWER
        return response.status


def told(codes: Counter[int]) -> str:
    """One line for people, e.g. "1,240 requests: 1,240 good, no 5xx, none without an answer"."""
    classes = {"4xx": range(400, 500), "5xx": range(500, 600)}
    good = sum(count for code, count in codes.items() if 100 <= code < 400)
    counts = {name: sum(codes[code] for code in span) for name, span in classes.items()}
    bad = ", ".join(
        f"{count:,} {name}" if count else f"no {name}" for name, count in counts.items()
    )
    lost = f"{codes[NO_ANSWER]:,}" if codes[NO_ANSWER] else "none"
    return f"{codes.total():,} requests: {good:,} good, {bad}, {lost} without an answer"


def harmed(codes: Counter[int]) -> int:
    """How many requests were answered by a 404 or a 5xx, or not at all."""
    return sum(n for code, n in codes.items() if code in (NO_ANSWER, 404) or code >= 500)
