"""The moments at which runs raise weights together, by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from canary.adapters.tick import APART_S, FORGOTTEN_S, OPEN_S, Tick, Turn
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at_s=100.0)


@pytest.fixture
def tick(clock: FakeClock) -> Tick:
    return Tick(clock.now_s)


@pytest.fixture
def turns(tick: Tick) -> Iterator[list[Turn]]:
    with ExitStack() as runs:
        yield [runs.enter_context(tick.run()) for _ in range(5)]


def test_a_run_that_is_alone_does_not_wait(tick: Tick) -> None:
    with tick.run() as turn:
        assert turn.left_s() == 0


def test_runs_that_ask_within_the_moment_write_together(
    turns: list[Turn], clock: FakeClock
) -> None:
    due = []
    for turn in turns:
        due.append(clock.now_s() + turn.left_s())
        clock.advance(OPEN_S / 6)
    assert len(set(due)) == 1
    clock.advance(due[0] - clock.now_s())
    assert [turn.left_s() for turn in turns] == [0.0] * 5


def test_ticks_are_as_far_apart_as_traefiks_reloads_and_nobody_waits_longer(
    turns: list[Turn], clock: FakeClock
) -> None:
    written = []
    for turn in turns:
        began_s = clock.now_s()
        while left_s := turn.left_s():
            clock.advance(left_s)
        assert clock.now_s() - began_s <= APART_S
        written.append(clock.now_s())
    gaps = [later - earlier for earlier, later in pairwise(written)]
    assert all(gap >= APART_S for gap in gaps)


def test_a_turn_that_has_come_is_used_up(turns: list[Turn], clock: FakeClock) -> None:
    clock.advance(turns[0].left_s())
    assert turns[0].left_s() == 0
    assert turns[0].left_s() > 0


def test_a_turn_that_was_not_taken_is_forgotten(turns: list[Turn], clock: FakeClock) -> None:
    assert turns[0].left_s() > 0
    clock.advance(FORGOTTEN_S + APART_S)
    assert turns[0].left_s() == OPEN_S


def test_the_last_of_several_waits_for_nobody(tick: Tick) -> None:
    with tick.run() as last:
        with tick.run():
            assert tick.runs() == 2
        assert last.left_s() == 0
