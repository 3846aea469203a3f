"""The SDK's debug lines: not sent, unless the environment asks for them."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from canary import quiet
from tests.components import recorder
from tests.components.apps import PODINFO


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `pulumi.log.debug` was told, which is as it was afterwards."""
    lines: list[str] = []

    def hear(msg: str, *_: Any, **__: Any) -> None:
        lines.append(msg)

    monkeypatch.setattr(pulumi.log, "debug", hear)
    return lines


def test_nobody_waits_for_lines_that_nobody_reads(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(quiet.DEBUG, raising=False)
    quiet.hush()
    found = recorder.stack({"apps": {"podinfo": PODINFO}})
    assert found.one("Rollout")
    assert said == []


def test_who_asks_for_them_gets_them(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(quiet.DEBUG, "1")
    quiet.hush()
    recorder.stack({"apps": {"podinfo": PODINFO}})
    assert any("Rollout" in line for line in said)
