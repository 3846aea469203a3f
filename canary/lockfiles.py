"""The lock files of programs: made, removed, and tidied when a dead program left its own behind.

A name in their directory changes only under a lock on the directory, so that nobody takes away the
name of a program that starts just now. A dead program's file stays while its engine lives: a run
that begins later learns from it that the program is gone.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CONNECT_S = 0.2
OLD_S = 7 * 86_400.0  # a file that does not name its engine, of an earlier release of this code
_LONGEST = 256


def made(path: Path, address: str) -> int:
    """A new file that is locked before its name appears, so that nobody sees it unlocked."""
    with _alone(path.parent):
        descriptor, draft = tempfile.mkstemp(prefix="draft-", dir=path.parent)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, f"{os.getpid()} {address}\n".encode())
            Path(draft).replace(path)
        except OSError:
            os.close(descriptor)
            Path(draft).unlink(missing_ok=True)
            raise
    return descriptor


def removed(path: Path, descriptor: int) -> None:
    """Take away the name, if it is still this file's: another program may have got the address."""
    with suppress(OSError), _alone(path.parent):
        if os.path.samestat(path.lstat(), os.fstat(descriptor)):
            path.unlink()


def tidied(directory: Path) -> None:
    """Remove the files of dead programs whose engines are dead, too."""
    with _alone(directory):
        for path in sorted(directory.iterdir()):
            with suppress(OSError):  # gone meanwhile, or not ours to read
                _remove_if_dead(path)


def _remove_if_dead(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        # Shared, as the provider asks: it must not take our look for a living program.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if path.name.startswith("draft-") or _is_over(descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _is_over(descriptor: int) -> bool:
    first = os.pread(descriptor, _LONGEST, 0).decode(errors="replace").split("\n")[0]
    _, _, address = first.partition(" ")
    if address:
        return refuses(address)
    return time.time() - os.fstat(descriptor).st_mtime > OLD_S


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """While nobody else changes a name in it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def refuses(address: str) -> bool:
    """Whether nobody listens there. An answer that does not come is no refusal."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return False
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
