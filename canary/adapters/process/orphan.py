"""Ends a provider's process that its engine has left behind.

Pulumi's Python provider waits for calls for ever. After a SIGKILL of the CLI none will come: once
the last call has done its work, above all restored the traffic, the process is of no use.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from canary.adapters.process.driver import REFUSALS
from canary.lockfiles import refuses

POOL = 4  # threads in which Pulumi's provider answers


class Calls:
    """Counts the calls that are being answered; `end` is called after the last one of an orphan.

    `address` gives the engine's "host:port", `sys.argv[-1]` of the provider's process.
    """

    def __init__(
        self,
        address: Callable[[], str] = lambda: sys.argv[-1],
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._address = address
        self._end = end
        self._lock = threading.Lock()
        self._open = 0

    @property
    def crowded(self) -> bool:
        """Whether a pool of Pulumi's size has no room for one more after this one."""
        with self._lock:
            return self._open >= POOL - 1

    @contextmanager
    def one(self) -> Iterator[None]:
        """For as long as one call is being answered."""
        with self._lock:
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if not self._open and self._abandoned():
                    self._end(1)

    def _abandoned(self) -> bool:
        return all(refuses(self._address()) for _ in range(REFUSALS))
