"""Whether whoever drives this update is still there: Pulumi's program, and Pulumi's engine.

Two signals, because each is blind to one death. After Ctrl-C or a crash of the program its lock is
free (`canary.liveness`). After a SIGKILL of the CLI the program lives on as an orphan and keeps
the lock, but the engine's address refuses connections. Standard input is not looked at: whether it
is a pipe to the engine depends on the host, and /dev/null reads like a dead engine.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from canary.liveness import End, lock_path
from canary.lockfiles import refuses

REFUSALS = 2  # in a row
LONGEST_FILE = 256

INTERRUPTED = "the update was interrupted"
PROGRAM_GONE = "Pulumi's program ended without saying why"
ENGINE_GONE = "Pulumi's engine is gone"


class EngineDriver:
    """Implements `canary.ports.Driver` for one run; what it once said it keeps saying.

    `address` is the engine's "host:port", `sys.argv[-1]` of the provider's process.
    """

    def __init__(self, address: str, path: Callable[[str], Path] = lock_path) -> None:
        self._address = address
        self._descriptor = _opened(address, path)
        self._refusals = 0
        self._reason = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def interruption(self) -> str:
        """Why to stop, "" to go on. Never raises; about 0.1 ms while all is well."""
        self._reason = self._reason or self._program() or self._engine()
        return self._reason

    def close(self) -> None:
        """Close the lock's file; the program's side of it is not affected."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _program(self) -> str:
        if self._descriptor is None:
            return ""
        held = _held(self._descriptor)  # first: what a program said, it said while it held the lock
        end = _said(self._descriptor)
        if end == End.INTERRUPTED:
            return INTERRUPTED
        return "" if held or end else PROGRAM_GONE

    def _engine(self) -> str:
        self._refusals = self._refusals + 1 if refuses(self._address) else 0
        return ENGINE_GONE if self._refusals >= REFUSALS else ""


def _opened(address: str, path: Callable[[str], Path]) -> int | None:
    """The program's file; None when the program holds none or has already ended well."""
    try:
        return os.open(path(address), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None


def _said(descriptor: int) -> str:
    """The file's second line, complete with its newline: why the program ended."""
    lines = os.pread(descriptor, LONGEST_FILE, 0).decode(errors="replace").split("\n")
    return lines[1] if len(lines) > 2 else ""


def _held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
