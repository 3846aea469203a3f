"""A disk without any room: what cannot be written is said, and costs no restore."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from canary import liveness, lockfiles
from canary.adapters.process.driver import PROGRAM_GONE, EngineDriver

ADDRESS = "127.0.0.1:9"


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def fill(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing more fits on any disk."""
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)


def test_without_room_for_a_lock_file_the_program_goes_on_and_says_what_is_lost(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(monkeypatch)
    with liveness.hold(ADDRESS) as held:
        assert held.problem == (
            "no lock file could be made (No space left on device): a run does not hear the first "
            "Ctrl-C, and a second one leaves the restore to the guard"
        )
    assert [path for path in directory.rglob("*") if path.is_file()] == []
    with EngineDriver("nonsense") as driver:
        assert driver.interruption() == ""


def test_with_room_there_is_nothing_to_say() -> None:
    with liveness.hold(ADDRESS) as held:
        assert held.problem == ""
    with liveness.hold("") as held:
        assert held.problem == ""


def test_a_directory_that_is_not_ours_alone_is_said_too(directory: Path) -> None:
    (directory / f"canary-{os.geteuid()}").mkdir(mode=0o777)
    (directory / f"canary-{os.geteuid()}").chmod(0o777)
    with liveness.hold(ADDRESS) as held:
        assert "is not a directory of this user alone" in held.problem


def test_an_end_that_cannot_be_written_restores_rather_than_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lock that is freed without a reason is that of a program that crashed."""
    path = liveness.lock_path(ADDRESS)
    descriptor = lockfiles.made(path, ADDRESS)
    held = liveness.Hold(path, descriptor)
    with EngineDriver(ADDRESS) as driver:
        assert driver._program() == ""
        fill(monkeypatch)
        held.end(liveness.End.INTERRUPTED)
        os.close(descriptor)  # the process ends
        assert driver.interruption() == PROGRAM_GONE
