"""The driver and the row under the real Pulumi CLI: what really happens at Ctrl-C and SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from canary.adapters.process.driver import ENGINE_GONE, INTERRUPTED
from tests.bed.build import ensure_built
from tests.bed.pulumi_home import pulumi_env

pytestmark = pytest.mark.bed

ROOT = Path(__file__).parents[2]
TO_THE_END = "ran to the end"
SOON_S = 20.0  # of sixty; a busy machine takes its time
PROJECT = "name: watch\nruntime: python\n"
PROGRAM = """
import os
from pathlib import Path
import pulumi
from canary import liveness
from watcher import Watch

with Path("pids").open("a") as pids:
    pids.write(f"{os.getpid()}\\n")
config = pulumi.Config()
with liveness.hold(liveness.engine_address() if config.require_bool("hold") else ""):
    seconds = config.require_float("seconds")
    Watch("app", {"out": config.require("out"), "seconds": seconds})
"""
WATCHER = """
import os, sys, time
from pathlib import Path
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
from canary.adapters.process.driver import EngineDriver
from canary.adapters.outlets.enginelog import EngineLog, request_urn

class Provider(ResourceProvider):
    def create(self, props):
        with Path("pids").open("a") as pids:
            pids.write(f"{os.getpid()}\\n")
        out, address = Path(props["out"]), sys.argv[-1]
        until, reason = time.monotonic() + props["seconds"], ""
        with EngineDriver(address) as driver:
            held = driver._descriptor is not None
            EngineLog(address, request_urn()).say(f"watching, lock {'seen' if held else 'missing'}")
            out.write_text("watching")
            while not reason and time.monotonic() < until:
                reason = driver.interruption()
                time.sleep(0.1)
        out.write_text(reason or "ran to the end")
        if reason:
            raise RuntimeError(reason)
        return CreateResult("id", dict(props))

class Watch(Resource):
    def __init__(self, name, props):
        super().__init__(Provider(), name, props)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text(PROJECT)
    (directory / "__main__.py").write_text(PROGRAM)
    (directory / "watcher.py").write_text(WATCHER)
    return directory


class Up(Protocol):
    """Start `pulumi up` on a resource that takes so long; `hold` tells whether to hold the lock."""

    def __call__(self, seconds: float, *, hold: bool = True) -> subprocess.Popen[str]: ...


@pytest.fixture
def up(project: Path, tmp_path: Path) -> Iterator[Up]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    env |= pulumi_env(ensure_built(print), tmp_path / "state")
    pulumi = [str(ensure_built(print) / "pulumi"), "--non-interactive"]
    started: list[subprocess.Popen[str]] = []

    def run(seconds: float, *, hold: bool = True) -> subprocess.Popen[str]:
        subprocess.run([*pulumi, "stack", "init", "dev"], cwd=project, env=env, check=True)
        settings = (f"out={project / 'out'}", f"seconds={seconds}", f"hold={str(hold).lower()}")
        set_all = [*pulumi, "config", "set-all", "-s", "dev"]
        set_all += [word for setting in settings for word in ("--plaintext", setting)]
        subprocess.run(set_all, cwd=project, env=env, check=True)
        cli = subprocess.Popen(
            [*pulumi, "up", "-s", "dev", "--yes", "--skip-preview"],
            cwd=project,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.append(cli)
        return cli

    yield run
    for cli in started:
        cli.kill()
        cli.wait()
    end_orphans(project / "pids")


def end_orphans(pids: Path) -> None:
    """End program and provider, which outlive a killed CLI; a pid may be somebody else's by now."""
    for pid in pids.read_text().split() if pids.exists() else []:
        with suppress(FileNotFoundError, ProcessLookupError):
            if Path(f"/proc/{pid}/cwd").readlink() == pids.parent:
                os.kill(int(pid), signal.SIGKILL)


def said(project: Path, *, besides: str = "", within_s: float = 120.0) -> str:
    """What the provider wrote, as soon as it is something else than `besides`."""
    out = project / "out"
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        text = out.read_text() if out.exists() else ""
        if text not in ("", besides):
            return text
        time.sleep(0.05)
    raise AssertionError(f"nothing was written within {within_s} s")


def test_a_run_that_nobody_interrupts_goes_to_its_end(project: Path, up: Up) -> None:
    cli = up(3.0)
    printed = cli.communicate(timeout=120)[0]
    assert cli.returncode == 0, printed
    assert said(project) == TO_THE_END
    assert "watching, lock seen" in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_are_told_at_once(project: Path, up: Up, number: signal.Signals) -> None:
    cli = up(60.0)
    assert said(project) == "watching"
    began = time.monotonic()
    cli.send_signal(number)
    assert said(project, besides="watching") == INTERRUPTED
    assert time.monotonic() - began < SOON_S
    assert INTERRUPTED in cli.communicate(timeout=120)[0]
    assert cli.returncode != 0


def test_without_a_lock_only_a_second_ctrl_c_ends_the_update_and_its_provider(
    project: Path, up: Up
) -> None:
    """What a full disk costs: the provider is killed as it goes on, and the guard restores."""
    cli = up(60.0, hold=False)
    assert said(project) == "watching"
    program, provider = (project / "pids").read_text().split()
    cli.send_signal(signal.SIGINT)
    await_end(program)
    assert said(project) == "watching"
    cli.send_signal(signal.SIGINT)
    await_end(provider)
    assert cli.communicate(timeout=120)[0]
    assert cli.returncode != 0
    assert said(project) == "watching"


def test_a_killed_cli_is_noticed_by_its_address_alone(project: Path, up: Up) -> None:
    cli = up(60.0, hold=False)
    assert said(project) == "watching"
    began = time.monotonic()
    cli.kill()
    assert said(project, besides="watching") == ENGINE_GONE
    assert time.monotonic() - began < SOON_S


def test_a_killed_cli_is_noticed_whatever_comes_first(project: Path, up: Up) -> None:
    """A language host that notices the death may interrupt the program before we ask."""
    cli = up(60.0)
    assert said(project) == "watching"
    began = time.monotonic()
    cli.kill()
    assert said(project, besides="watching") in {ENGINE_GONE, INTERRUPTED}
    assert time.monotonic() - began < SOON_S


def test_a_killed_language_host_is_an_interruption(project: Path, up: Up) -> None:
    """Nobody tells program or provider of it, and the engine waits for what goes on."""
    cli = up(60.0)
    assert said(project) == "watching"
    program = (project / "pids").read_text().split()[0]
    began = time.monotonic()
    os.kill(parent_of(program), signal.SIGKILL)
    assert said(project, besides="watching") == INTERRUPTED
    assert time.monotonic() - began < SOON_S
    assert INTERRUPTED in cli.communicate(timeout=120)[0]
    assert cli.returncode != 0


def await_end(pid: str, within_s: float = 120.0) -> None:
    """Return once the process has ended."""
    deadline = time.monotonic() + within_s
    while Path(f"/proc/{pid}/cwd").exists():
        assert time.monotonic() < deadline, f"{pid} goes on"
        time.sleep(0.05)


def parent_of(pid: str) -> int:
    """Who started it, as the kernel knows."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return int(status["PPid"])
