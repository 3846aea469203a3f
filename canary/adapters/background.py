"""One thread that does a run's courtesies, in order, so that the loop never waits for them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

LIMIT = 200


class Background:
    """Does work in the order submitted. Work must not raise; what is too much is not taken."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def backlog(self) -> int:
        """How much is still to be begun, about."""
        return self._queue.qsize()

    def submit(self, work: Callable[[], object]) -> bool:
        """Do it soon; False when too much is waiting already."""
        if self.backlog >= LIMIT:
            return False
        self._queue.put(work)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        return True

    def finish(self, within_s: float) -> bool:
        """Wait for all that was submitted and end the thread; whether it ended in time.

        What is left over is still done later, unless the process ends. More may be submitted.
        """
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return True
        self._queue.put(None)
        thread.join(within_s)
        return not thread.is_alive()

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work()
