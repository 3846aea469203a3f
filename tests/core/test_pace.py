"""How often a run looks at what it waits for."""

from __future__ import annotations

import pytest

from canary.core.pace import LIVE_DEADLINE_S, LOOK_S, live_look_s
from canary.core.record import Phase
from canary.core.seen import Live
from canary.core.state import Seen, State
from tests.core.timeline import play, when


@pytest.mark.parametrize(
    ("waited_s", "look_s"), [(0.0, 0.1), (0.4, 0.1), (2.0, 0.5), (4.0, 1.0), (29.0, LOOK_S)]
)
def test_a_weight_is_looked_at_less_often_the_longer_it_takes(
    waited_s: float, look_s: float
) -> None:
    assert live_look_s(waited_s) == pytest.approx(look_s)


def test_so_few_looks_are_made_of_a_weight_that_never_comes() -> None:
    waited_s, looks = 0.0, 0
    while waited_s < LIVE_DEADLINE_S:
        waited_s += live_look_s(waited_s)
        looks += 1
    assert looks < 50


def test_each_weight_is_looked_at_often_at_first_however_long_the_run_has_lasted() -> None:
    looks_s: list[float] = []
    never = when(lambda state, _: state.weight_percent == 50, live=Live(confirmed=False))

    def world(state: State, seen: Seen) -> Seen:
        if state.phase is Phase.PROGRESSING and state.weight_percent == 50:
            looks_s.append(seen.now_s)
        return never(state, seen)

    play(world)
    assert looks_s[0] > 10.0
    assert looks_s[1] - looks_s[0] == pytest.approx(0.1)
    assert looks_s[-1] - looks_s[-2] == pytest.approx(LOOK_S)
