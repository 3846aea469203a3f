"""The collector: not at work while a stack is declared."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from canary import garbage
from tests.components import recorder
from tests.components.apps import PODINFO


@pytest.fixture(autouse=True)
def _at_work_again() -> Iterator[None]:
    yield
    gc.enable()


def test_no_cycles_are_searched_for_while_a_stack_is_declared() -> None:
    assert _searches() > 0
    garbage.leave()
    assert _searches() == 0


def _searches() -> int:
    begun: list[str] = []

    def watch(phase: str, _info: dict[str, int]) -> None:
        begun.append(phase)

    gc.callbacks.append(watch)
    try:
        recorder.stack({"apps": {"podinfo": PODINFO}})
    finally:
        gc.callbacks.remove(watch)
    return begun.count("start")
