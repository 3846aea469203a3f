"""Clients that a script plays, in a process of its own inside the bed."""

from __future__ import annotations

import json
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.bed.cluster import Bed
from tests.e2e.waiting import await_

BEGINS_WITHIN_S = 60.0
ENDS_WITHIN_S = 60.0


class Script(ABC):
    """Runs a script that prints a JSON array for whatever its clients see; a context manager.

    It is entered when `begun` says so, and what was printed is to be had until long after its end.
    """

    def __init__(self, bed: Bed, script: Path, options: tuple[str, ...], file: Path) -> None:
        self._bed = bed
        self._file = file
        self._command = [sys.executable, "-u", "-E", "-s", str(script), *options]

    @abstractmethod
    def begun(self) -> bool:
        """Whether every client has been heard of."""

    def __enter__(self) -> Self:
        with self._file.open("w") as out:
            self._process = self._bed.popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, text=True
            )
        await_(self.begun, "a sign of every client", BEGINS_WITHIN_S)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(ENDS_WITHIN_S)

    def rows(self) -> list[list[Any]]:
        """Everything so far, but for a line that is still being written."""
        lines = self._file.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line[0] == "[" and line.endswith("]\n")]
