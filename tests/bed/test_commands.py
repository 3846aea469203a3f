"""The command line: every mistake is one line that says what to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.bed.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CANARY_BED_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["up", "--name", "A/b"], "'A/b' is no name for a bed: use up to 16 lower-case"),
        (["run"], "no command: python -m tests.bed run -- CMD…"),
        (["run", "--", "true"], "the bed 'bed' is down: run `python -m tests.bed up`"),
        (["logs"], "no log of ''; there is none yet: run `python -m tests.bed up --name bed`"),
    ],
)
def test_mistakes(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {said}")
    assert error.count("\n") == 1


def test_needs_root(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["up"]) == 1
    assert "run it as root (sudo)" in capsys.readouterr().err


@pytest.mark.parametrize("hidden", ["/var/cache/canary", "/etc/x", "/run/user/0"])
def test_a_cache_that_the_bed_would_hide(
    hidden: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_BED_CACHE", hidden)
    assert main(["status"]) == 1
    assert "set CANARY_BED_CACHE to a directory outside /var" in capsys.readouterr().err


def test_status_of_a_bed_that_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--name", "other"]) == 1
    assert capsys.readouterr().out == "other: down\n"


def test_logs_of_a_component(empty_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs = empty_cache / "run" / "bed" / "log"
    logs.mkdir(parents=True)
    (logs / "etcd.log").write_text("listening\n")
    assert main(["logs", "etcd"]) == 0
    assert capsys.readouterr().out == "listening\n"
    assert main(["logs", "etc"]) == 1
    assert "no log of 'etc'; there is etcd" in capsys.readouterr().err


def test_down_of_nothing_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--name", "never-was"]) == 0
    assert "never-was is down" in capsys.readouterr().out
