"""The moments at which the runs of one process raise weights together.

Traefik takes changes at most every two seconds, and each time its exact split starts anew: apps
that are moved one after the other keep each other's canaries from their share. Who comes first
opens a tick, who comes while it is open joins, and ticks are as far apart as Traefik's reloads. A
run that is alone does not wait. Absent on purpose: restoring, which never asks.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from canary.adapters.clock import mono_s

APART_S = 2.0  # Traefik's providersThrottleDuration: also the longest that anybody waits
OPEN_S = 0.5  # so long others may join
FORGOTTEN_S = 10.0  # whoever missed its turn by so much had changed its mind


class Tick:
    """Shared by all runs; thread-safe. `now_s` is monotonic."""

    def __init__(self, now_s: Callable[[], float] = mono_s) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._runs = 0
        self._due_s = -math.inf

    @contextmanager
    def run(self) -> Iterator[Turn]:
        """For as long as one run goes on."""
        with self._lock:
            self._runs += 1
        try:
            yield Turn(self._due, self._now_s)
        finally:
            with self._lock:
                self._runs -= 1

    def runs(self) -> int:
        """How many go on."""
        with self._lock:
            return self._runs

    def _due(self) -> float:
        """When whoever asks now may write."""
        with self._lock:
            now_s = self._now_s()
            if self._runs > 1 and self._due_s <= now_s:
                self._due_s = max(now_s + OPEN_S, self._due_s + APART_S)
            return self._due_s if self._runs > 1 else now_s


class Turn:
    """One run's part in it; not thread-safe, and need not be."""

    def __init__(self, due: Callable[[], float], now_s: Callable[[], float]) -> None:
        self._due = due
        self._now_s = now_s
        self._due_s: float | None = None

    def left_s(self) -> float:
        """Seconds until this run's turn; 0 when it has come, and the next question is a new one."""
        now_s = self._now_s()
        if self._due_s is None or now_s - self._due_s > FORGOTTEN_S:
            self._due_s = self._due()
        left_s = self._due_s - now_s
        if left_s > 0:
            return left_s
        self._due_s = None
        return 0.0
