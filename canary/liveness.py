"""The program's sign of life: a file lock that lasts as long as the program does.

Pulumi's engine tells a provider neither of Ctrl-C nor of a program that was killed, but the kernel
frees a lock with the process that held it. The provider (`canary.adapters.process.driver`) watches
the lock and restores traffic when it is freed and the file does not say that the program ended by
itself. Both sides find the file by the engine's address, which both were started with. A killed
language host is told to nobody at all, so the program looks whether it still has its parent.

Absent on purpose: Pulumi itself. The file is found without asking the SDK for anything.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import signal
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from canary import lockfiles

REPORTED = 32  # the SDK's exit code for "what went wrong has been said"
UNHEARD = "a run does not hear the first Ctrl-C, and a second one leaves the restore to the guard"
LOOK_S = 0.5  # between two looks at the parent; no event tells of its death on every system


class End(StrEnum):
    """Why a program ended, in its own words."""

    INTERRUPTED = "interrupted"
    FAILED = "failed"
    DONE = "done"


def engine_address(argv: Sequence[str] = tuple(sys.orig_argv)) -> str:
    """The address that the language host gave this program, "" if it gave none.

    The SDK's executor replaces `sys.argv` before the program starts; `sys.orig_argv` it leaves.
    """
    for position, word in enumerate(argv):
        if word == "--engine":
            return argv[position + 1] if position + 1 < len(argv) else ""
        if word.startswith("--engine="):
            return word.removeprefix("--engine=")
    return ""


def lock_path(address: str) -> Path:
    """Where the lock for this engine is, in a directory that belongs to this user alone.

    Raises:
        OSError: the directory cannot be made, or somebody else could write to it.
    """
    directory = Path(tempfile.gettempdir()) / f"canary-{os.geteuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid != os.geteuid():
        raise PermissionError(f"{directory} is not a directory of this user alone")
    return directory / f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.lock"


def hold(address: str) -> Hold:
    """Hold the lock of this engine until the process ends.

    As a context manager it also notes an exception that leaves the block. Leaving the block
    normally keeps the lock, because Pulumi carries out registrations after the program's text has
    ended. Without an address, or where no private directory can be had or the disk is full, nothing
    is held: the provider then relies on the engine's address alone.
    """
    if not address:
        return Hold(None, None)
    try:
        path = lock_path(address)
        held = Hold(path, lockfiles.made(path, address))
    except OSError as error:
        why = error.strerror or str(error)
        return Hold(None, None, f"no lock file could be made ({why}): {UNHEARD}")
    with suppress(OSError):  # a courtesy to whoever comes after
        lockfiles.tidied(path.parent)
    atexit.register(held.end, End.DONE)
    held.listen()
    held.follow(os.getppid())
    return held


class Hold:
    """A held lock; the first reason that it is given for the end stays.

    `problem` is why there is none, for people; "" also where none is needed.
    """

    def __init__(self, path: Path | None, descriptor: int | None, problem: str = "") -> None:
        self.problem = problem
        self._path = path
        self._descriptor = descriptor
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.end(End.FAILED)

    def listen(self) -> None:
        """On SIGINT and SIGTERM: note it at once and leave, without a traceback for the user.

        Nothing of the program is lost by that. Runs are carried out by the provider, which goes on
        to restore; and the engine sends the signal also at the end of an update that failed.
        """
        with suppress(ValueError):  # not the main thread: signals are somebody else's business
            for number in (signal.SIGINT, signal.SIGTERM):
                self._listen_to(number)

    def follow(self, parent: int) -> None:
        """End like at a signal when this parent is gone, whoever inherits the orphan.

        The engine waits for what goes on then, and would let a release go on without a program.
        """

        def look() -> None:
            while os.getppid() == parent:
                time.sleep(LOOK_S)
            self._leave()

        threading.Thread(target=look, name="parent", daemon=True).start()

    def end(self, reason: End) -> None:
        """Write why the program ends. The lock itself goes with the process.

        After an end of its own accord the name is removed; whoever watches has the file open.
        """
        if self._ended or self._descriptor is None or self._path is None:
            return
        self._ended = True
        with suppress(OSError):  # a full disk: the provider sees a lock freed without a reason
            os.write(self._descriptor, f"{reason}\n".encode())
        if reason is not End.INTERRUPTED:
            lockfiles.removed(self._path, self._descriptor)

    def _listen_to(self, number: signal.Signals) -> None:
        def leave(_signum: int, _frame: FrameType | None) -> None:
            self._leave()

        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave)

    def _leave(self) -> None:
        self.end(End.INTERRUPTED)
        os._exit(REPORTED)
