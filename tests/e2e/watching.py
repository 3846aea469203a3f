"""A kubectl that watches, line by line."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.bed.cluster import Bed

_PAUSE_S = 0.2  # between a watch that ended and the next one

Hear = Callable[[float, str], None]


class Watching:
    """Hands every line and its time (unix s) to `hear`, in a thread of its own.

    The API server ends a watch after half an hour or so; it is then begun anew, and says once more
    what there is. A context manager.
    """

    def __init__(self, bed: Bed, *arguments: str, hear: Hear) -> None:
        self._bed = bed
        self._arguments = arguments
        self._hear = hear
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._process = self._begun()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._over.set()
        self._process.kill()
        self._reader.join()

    def _begun(self) -> subprocess.Popen[str]:
        command = ["kubectl", *self._arguments, "--watch"]
        return self._bed.popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def _read(self) -> None:
        while True:
            for line in self._process.stdout or ():
                self._hear(time.time(), line.rstrip("\n"))
            self._process.wait()
            if self._over.wait(_PAUSE_S):
                return
            self._process = self._begun()
            if self._over.is_set():  # between the two
                self._process.kill()
