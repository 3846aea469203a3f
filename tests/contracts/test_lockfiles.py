"""Lock files of dead programs go; those of living ones, and of living engines, never do."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from canary import liveness, lockfiles
from canary.adapters.process.driver import PROGRAM_GONE, EngineDriver

ROOT = Path(__file__).parents[2]
HOLDS = (
    "from canary import liveness; held = liveness.hold(liveness.engine_address());"
    "print('held', flush=True); input()"
)


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return liveness.lock_path("").parent


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def address_of(engine: socket.socket) -> str:
    return f"127.0.0.1:{engine.getsockname()[1]}"


def program(address: str) -> subprocess.Popen[str]:
    """A program that holds its lock."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLDS, "--engine", address],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "held\n"
    return started


def kill(started: subprocess.Popen[str]) -> None:
    started.send_signal(signal.SIGKILL)
    started.communicate()


def left_behind(address: str) -> Path:
    """The file of a program that was killed."""
    kill(program(address))
    path = liveness.lock_path(address)
    assert path.exists()
    return path


def test_the_next_program_removes_what_dead_ones_of_dead_engines_left(
    engine: socket.socket,
) -> None:
    gone = socket.create_server(("127.0.0.1", 0))
    stale = left_behind(address_of(gone))
    gone.close()
    with liveness.hold(address_of(engine)):
        assert not stale.exists()
        assert liveness.lock_path(address_of(engine)).exists()


def test_a_dead_programs_file_stays_while_its_engine_lives(engine: socket.socket) -> None:
    stale = left_behind(address_of(engine))
    lockfiles.tidied(stale.parent)
    with EngineDriver(address_of(engine)) as driver:  # of a run that begins only now
        assert driver.interruption() == PROGRAM_GONE


def test_a_living_programs_file_stays_even_if_its_engine_is_dead(engine: socket.socket) -> None:
    address = address_of(engine)
    living = program(address)
    try:
        engine.close()
        lockfiles.tidied(liveness.lock_path(address).parent)
        assert liveness.lock_path(address).exists()
    finally:
        kill(living)


def test_files_that_name_no_engine_go_when_they_are_old(directory: Path) -> None:
    young, old, draft = (directory / name for name in ("a.lock", "b.lock", "draft-x"))
    for path in (young, old, draft):
        path.write_text("1\n")
    long_ago = time.time() - lockfiles.OLD_S - 60
    os.utime(old, (long_ago, long_ago))
    lockfiles.tidied(directory)
    assert [path.name for path in directory.iterdir()] == ["a.lock"]


def test_what_is_no_file_of_ours_is_left_alone(directory: Path) -> None:
    (directory / "folder").mkdir()
    (directory / "link").symlink_to("/etc/hostname")
    os.mkfifo(directory / "draft-fifo")
    lockfiles.tidied(directory)
    assert {path.name for path in directory.iterdir()} >= {"folder", "link"}


def test_a_look_of_the_tidier_is_not_taken_for_a_living_program(engine: socket.socket) -> None:
    stale = left_behind(address_of(engine))
    with stale.open() as looked_at, EngineDriver(address_of(engine)) as driver:
        fcntl.flock(looked_at, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert driver.interruption() == PROGRAM_GONE


def test_a_program_that_starts_while_somebody_tidies_keeps_its_name(directory: Path) -> None:
    """Its address was a dead program's, so both are about the same name."""
    ended, missing = threading.Event(), []
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # taken, and refuses
        address = address_of(unheard)
        path = liveness.lock_path(address)

        def tidy() -> None:
            while not ended.is_set():
                lockfiles.tidied(directory)

        threads = [threading.Thread(target=tidy) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(300):
            descriptor = lockfiles.made(path, address)
            if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
                missing.append(descriptor)
            os.close(descriptor)  # it dies, and leaves its name
        ended.set()
        for thread in threads:
            thread.join()
    assert not missing


def test_a_program_that_ends_does_not_take_its_successors_name(directory: Path) -> None:
    path = directory / "a.lock"
    first = lockfiles.made(path, "127.0.0.1:1")
    second = lockfiles.made(path, "127.0.0.1:1")
    lockfiles.removed(path, first)
    assert path.stat().st_ino == os.fstat(second).st_ino
    lockfiles.removed(path, second)
    assert not path.exists()
    lockfiles.removed(path, second)
    for descriptor in (first, second):
        os.close(descriptor)
