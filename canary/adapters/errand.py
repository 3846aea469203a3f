"""One call in a thread of its own, so that whoever wants its result never waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(Generic[T]):
    """Work that has begun; its first result is its last.

    `failed` makes a result of an error that escaped the work, since a bug must not hold a run for
    ever; and of None once the clock says more than `due_s`, since a server that drips its answer
    outlasts every timeout but this one.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], T],
        failed: Callable[[Exception | None], T],
        *,
        due_s: float,
    ) -> None:
        """Begin it; `name` is the thread's."""
        self._work = work
        self._failed = failed
        self._due_s = due_s
        self._lock = threading.Lock()
        self._result: T | None = None
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def result(self, now_s: float) -> T | None:
        """What it came to, one way or another; None while that is open."""
        if now_s > self._due_s:
            self._end(self._failed(None))
        return self._result

    def _run(self) -> None:
        try:
            self._end(self._work())
        except Exception as error:  # noqa: BLE001  told as its result
            self._end(self._failed(error))

    def _end(self, result: T) -> None:
        with self._lock:
            if self._result is None:
                self._result = result
