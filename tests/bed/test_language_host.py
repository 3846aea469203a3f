"""The Python language host: what it hands to the program, and how it stops it."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2

from tests.bed.language_host import EXECUTOR, LanguageHost

# Stands where Pulumi's executor script stands: its last argument but one names a test's file.
ECHO = """\
import json, os, sys
names = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS")
seen = {"argv": sys.argv[1:], "python": sys.executable, "cwd": os.getcwd()}
json.dump(seen | {name: json.loads(os.environ[name]) for name in names}, open("seen.json", "w"))
"""
DEAF = """\
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
open("started", "w").close()
time.sleep(60)
"""
POLITE = DEAF.replace("signal.SIG_IGN", "lambda *_: exit(7)")


class Call:
    """A gRPC call that the test can end, as it ends when the engine is killed."""

    def __init__(self) -> None:
        self.end: Callable[[], None] = lambda: None

    def add_callback(self, callback: Callable[[], None]) -> None:
        self.end = callback


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def executor(place: Path, text: str) -> None:
    script = place / EXECUTOR
    script.write_text(f"#!/usr/bin/env python3\n{text}")
    script.chmod(0o755)


def run_request(place: Path, **options: Any) -> Any:
    info = language_pb2.ProgramInfo(root_directory=str(place), entry_point=".")
    info.options.update(options)
    return language_pb2.RunRequest(
        project="shop",
        stack="dev",
        organization="organization",
        pwd=str(place),
        monitor_address="127.0.0.1:1",
        dryRun=True,
        parallel=8,
        config={"shop:image": "podinfo:1"},
        configSecretKeys=["shop:token"],
        info=info,
    )


def test_the_program_gets_its_project_config_and_engine(place: Path) -> None:
    executor(place, ECHO)
    response = LanguageHost("127.0.0.1:2").Run(run_request(place), Call())
    assert not response.error
    assert not response.bail
    seen = json.loads((place / "seen.json").read_text())
    argv = seen["argv"]
    assert argv[-1] == "."
    flags = dict(zip(argv[:-1:2], argv[1:-1:2], strict=True))
    assert flags["--engine"] == "127.0.0.1:2"
    assert flags["--monitor"] == "127.0.0.1:1"
    assert (flags["--project"], flags["--stack"], flags["--dry_run"]) == ("shop", "dev", "true")
    assert seen["cwd"] == str(place)
    assert seen["PULUMI_CONFIG"] == {"shop:image": "podinfo:1"}
    assert seen["PULUMI_CONFIG_SECRET_KEYS"] == ["shop:token"]


def test_the_virtualenv_option_names_the_interpreter(place: Path) -> None:
    executor(place, ECHO)
    (place / "venv" / "bin").mkdir(parents=True)
    python = place / "venv" / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    LanguageHost("").Run(run_request(place, virtualenv="venv"), Call())
    assert json.loads((place / "seen.json").read_text())["python"] == str(python)


@pytest.mark.parametrize(
    ("code", "bail", "error"),
    [(32, True, ""), (1, False, "Program exited with non-zero exit code: 1")],
)
def test_how_a_program_ended(place: Path, code: int, bail: bool, error: str) -> None:  # noqa: FBT001
    executor(place, f"exit({code})")
    response = LanguageHost("").Run(run_request(place), Call())
    assert response.bail == bail
    assert response.error == error


@pytest.mark.parametrize(("program", "code", "at_least_s"), [(POLITE, "7", 0), (DEAF, "-9", 0.3)])
@pytest.mark.parametrize("ends", ["the call", "the engine's Cancel"])
def test_an_end_from_outside_interrupts_and_then_kills(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    code: str,
    at_least_s: float,
    ends: str,
) -> None:
    monkeypatch.setattr("tests.bed.language_host.GRACE_S", 0.3)
    executor(place, program)
    host, call, responses = LanguageHost(""), Call(), []
    running = threading.Thread(target=lambda: responses.append(host.Run(run_request(place), call)))
    running.start()
    while not (place / "started").exists():
        running.join(timeout=0.01)
    began = time.monotonic()
    call.end() if ends == "the call" else host.Cancel(empty_pb2.Empty(), None)
    running.join(timeout=10)
    assert responses[0].error.endswith(f": {code}")
    assert time.monotonic() - began >= at_least_s


def test_about_and_dependencies_describe_the_programs_python(place: Path) -> None:
    about = LanguageHost("").About(language_pb2.AboutRequest(), None)
    assert about.version.count(".") == 2
    asked = language_pb2.GetProgramDependenciesRequest(info=run_request(place).info)
    names = [d.name for d in LanguageHost("").GetProgramDependencies(asked, None).dependencies]
    assert "pulumi" in names
