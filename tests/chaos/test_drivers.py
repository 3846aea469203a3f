"""What carries out a run is killed or stopped, in every state at once: a part of `make chaos`."""

from __future__ import annotations

import pytest

from tests.chaos.states import PHASES, ROLLING_BACK
from tests.chaos.trial import RESTORED_WITHIN_S, SLACK_S, carry_out
from tests.chaos.victims import Blow, Victim
from tests.e2e.world import World

pytestmark = [pytest.mark.bed, pytest.mark.timeout(420)]


@pytest.mark.parametrize(
    ("victim", "blow"),
    [
        (Victim.CLI, Blow.KILL),
        (Victim.HOST, Blow.KILL),
        (Victim.PROGRAM, Blow.KILL),
        (Victim.PROVIDER, Blow.STOP),
    ],
)
def test_all_traffic_is_back_on_the_old_version_and_nobody_noticed(
    world: World, victim: Victim, blow: Blow
) -> None:
    cells = carry_out(world, victim, blow, states=(*PHASES, ROLLING_BACK))
    assert len(cells) == 5
    for cell in cells:
        assert cell.restored_s is not None
        assert cell.restored_s <= RESTORED_WITHIN_S + SLACK_S, cell
        assert cell.reason, cell
        assert cell.requests > 300, cell
        assert not cell.failed, cell


def test_a_dead_guard_holds_no_run(world: World) -> None:
    cells = carry_out(world, Victim.GUARD, Blow.KILL)
    assert [cell.restored_s for cell in cells] == [None] * 4
    assert not sum(cell.failed for cell in cells), cells
