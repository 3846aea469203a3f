"""The Driver port: the fake, and the real one against real processes, signals and sockets."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from canary import liveness
from canary.adapters.process.driver import ENGINE_GONE, INTERRUPTED, PROGRAM_GONE, EngineDriver
from tests.fakes.clock import FakeClock
from tests.fakes.driver import FakeDriver

ROOT = Path(__file__).parents[2]
HOLDS = "from canary import liveness; held = liveness.hold(liveness.engine_address());"
WAITS = "print('held', flush=True); input()"
# The background jobs of a script ignore SIGINT, and so would whatever they start.
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
# A signal that comes just before a blocking call would be handled only after it.
NAPS = "import time; print('held', flush=True)\nwhile True: time.sleep(0.02)"


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def address(engine: socket.socket) -> str:
    return f"127.0.0.1:{engine.getsockname()[1]}"


Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(address: str) -> Iterator[Start]:
    """Start a program as the language host does, and wait until it holds the lock."""
    programs: list[subprocess.Popen[str]] = []

    def run(code: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-c", code, "--engine", address],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        programs.append(program)
        assert program.stdout is not None
        assert program.stdout.readline() == "held\n"
        return program

    yield run
    for program in programs:
        program.kill()
        program.communicate()


def told(driver: EngineDriver, within_s: float = 10.0) -> str:
    """Ask until there is a reason to stop."""
    deadline = time.monotonic() + within_s
    while not (reason := driver.interruption()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return reason


def test_a_program_that_lives_is_no_reason_to_stop(address: str, start: Start) -> None:
    start(HOLDS + WAITS)
    with EngineDriver(address) as driver:
        assert [driver.interruption() for _ in range(50)] == [""] * 50


def test_asking_is_cheap(address: str, start: Start) -> None:
    start(HOLDS + WAITS)
    with EngineDriver(address) as driver:
        began = time.monotonic()
        for _ in range(100):
            driver.interruption()
        assert (time.monotonic() - began) / 100 < 0.005


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_program_quietly_and_is_told_at_once(
    address: str, start: Start, number: signal.Signals
) -> None:
    program = start(HEARS + HOLDS + NAPS)
    with EngineDriver(address) as driver:
        program.send_signal(number)
        assert program.wait(timeout=10) == liveness.REPORTED
        assert driver.interruption() == INTERRUPTED


def test_a_killed_program_is_a_reason_to_stop(address: str, start: Start) -> None:
    program = start(HOLDS + WAITS)
    with EngineDriver(address) as driver:
        assert driver.interruption() == ""
        program.kill()
        assert told(driver) == PROGRAM_GONE


def test_a_program_whose_parent_was_killed_ends_as_interrupted(address: str, start: Start) -> None:
    child = f"import sys; {HOLDS} {WAITS}"
    host = start(
        "import subprocess, sys\n"
        f"child = [sys.executable, '-c', {child!r}, *sys.argv[1:]]\n"
        "raise SystemExit(subprocess.call(child))"
    )
    with EngineDriver(address) as driver:
        assert driver.interruption() == ""
        host.kill()
        assert told(driver, within_s=5.0) == INTERRUPTED


def test_a_run_that_begins_after_the_program_was_killed_stops_at_once(
    address: str, start: Start
) -> None:
    program = start(HOLDS + WAITS)
    program.kill()
    program.wait()
    with EngineDriver(address) as driver:
        assert driver.interruption() == PROGRAM_GONE


def test_a_program_that_is_done_does_not_stop_the_run(address: str, start: Start) -> None:
    program = start(HOLDS + WAITS)
    with EngineDriver(address) as driver:
        assert program.communicate("\n", timeout=10)[1] == ""
        assert program.returncode == 0
        assert driver.interruption() == ""
    assert not liveness.lock_path(address).exists()


def test_a_program_that_fails_does_not_stop_the_run(address: str, start: Start) -> None:
    program = start(
        "from canary import liveness\n"
        "with liveness.hold(liveness.engine_address()):\n"
        "    print('held', flush=True); input(); raise ValueError('a sibling is wrong')"
    )
    with EngineDriver(address) as driver:
        assert "a sibling is wrong" in program.communicate("\n", timeout=10)[1]
        assert program.returncode == 1
        assert driver.interruption() == ""


def test_leaving_the_block_keeps_the_lock(address: str, start: Start) -> None:
    program = start(
        "from canary import liveness\n"
        "with liveness.hold(liveness.engine_address()): pass\n"
        "print('held', flush=True); input()"
    )
    with EngineDriver(address) as driver:
        assert driver.interruption() == ""
        program.kill()
        assert told(driver) == PROGRAM_GONE


def test_without_a_lock_a_living_engine_is_enough(address: str) -> None:
    with EngineDriver(address) as driver:
        assert [driver.interruption() for _ in range(3)] == ["", "", ""]


def test_an_engine_that_refuses_twice_is_gone(
    address: str, engine: socket.socket, start: Start
) -> None:
    start(HOLDS + WAITS)
    with EngineDriver(address) as driver:
        assert driver.interruption() == ""
        engine.close()
        assert [driver.interruption() for _ in range(3)] == ["", ENGINE_GONE, ENGINE_GONE]


def test_one_refusal_is_forgiven(address: str, engine: socket.socket) -> None:
    with EngineDriver(address) as driver:
        engine.close()
        assert driver.interruption() == ""
        host, port = address.split(":")
        with socket.create_server((host, int(port))):
            assert driver.interruption() == ""
        assert driver.interruption() == ""


@pytest.mark.parametrize("address", ["", "nonsense", "unix:/somewhere"])
def test_an_address_that_cannot_be_asked_is_no_reason_to_stop(address: str) -> None:
    with EngineDriver(address) as driver:
        assert [driver.interruption() for _ in range(3)] == ["", "", ""]


def test_what_was_said_once_is_said_for_good(address: str, engine: socket.socket) -> None:
    with EngineDriver(address) as driver:
        engine.close()
        assert told(driver) == ENGINE_GONE
        host, port = address.split(":")
        with socket.create_server((host, int(port))):
            assert driver.interruption() == ENGINE_GONE


def test_a_leftover_of_an_earlier_program_is_replaced(address: str, start: Start) -> None:
    first = start(HOLDS + NAPS)
    first.send_signal(signal.SIGTERM)
    first.wait()
    assert liveness.lock_path(address).exists()
    start(HOLDS + WAITS)
    with EngineDriver(address) as driver:
        assert driver.interruption() == ""


def test_the_lock_lies_in_a_directory_of_this_user_alone(address: str) -> None:
    directory = liveness.lock_path(address).parent
    assert directory.stat().st_mode & 0o777 == 0o700
    directory.chmod(0o777)
    with pytest.raises(PermissionError):
        liveness.lock_path(address)
    with EngineDriver(address) as driver:
        assert driver.interruption() == ""


def test_a_link_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (tmp_path / f"canary-{os.geteuid()}").symlink_to(elsewhere)
    with pytest.raises(PermissionError):
        liveness.lock_path("127.0.0.1:1")
    with liveness.hold("127.0.0.1:1"):
        assert list(elsewhere.iterdir()) == []


def test_a_directory_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(PermissionError):
        liveness.lock_path("127.0.0.1:1")


def test_the_first_reason_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as file:
        held = liveness.Hold(path, file.fileno())
        held.end(liveness.End.INTERRUPTED)
        held.end(liveness.End.DONE)
    assert path.read_text() == "interrupted\n"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["python", "exec", "--monitor", "a:1", "--engine", "b:2", "."], "b:2"),
        (["python", "exec", "--engine=b:2", "."], "b:2"),
        (["python", "-m", "pytest"], ""),
        (["python", "--engine"], ""),
    ],
)
def test_the_engines_address_is_what_the_language_host_said(argv: list[str], expected: str) -> None:
    assert liveness.engine_address(argv) == expected


def test_the_fake_is_interrupted_once_and_for_good() -> None:
    clock = FakeClock()
    driver = FakeDriver(clock=clock, interrupted_at_s=2.0)
    assert driver.interruption() == ""
    clock.wait(2.0)
    assert driver.interruption() == "the update was interrupted"
    clock.wait(60.0)
    assert driver.interruption() == "the update was interrupted"
    assert driver.looks == 3
