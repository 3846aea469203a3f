"""A run's courtesies, done in order and beside its loop, which never waits for them.

There is a thread only while there is something to do: two hundred runs are quiet most of the time,
and idle threads are what much of their memory would be.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

LIMIT = 200


class Background:
    """Does work in the order submitted. Work must not raise; what is too much is not taken."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None

    @property
    def backlog(self) -> int:
        """How much is still to be begun."""
        return len(self._waiting)

    def submit(self, work: Callable[[], object]) -> bool:
        """Do it soon; False when too much is waiting already."""
        with self._lock:
            if self.backlog >= LIMIT:
                return False
            self._waiting.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        return True

    def finish(self, within_s: float) -> bool:
        """Wait for all that was submitted; whether it was done in time.

        What is left over is still done later, unless the process ends. More may be submitted.
        """
        with self._lock:
            thread = self._thread
        if thread is None:
            return True
        thread.join(within_s)
        return not thread.is_alive()

    def _work(self) -> None:
        while work := self._next():
            work()

    def _next(self) -> Callable[[], object] | None:
        """What is to be done now; None ends the thread."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._thread = None
            return None
