"""A primary that serves nobody any more: fixing it does not wait for an analysis."""

from __future__ import annotations

import pytest

from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

# Long bakes: had the fix to be judged, this would take minutes.
PLAN = {"analysis": {"interval": "1m", "stepWeights": [10, 50]}, "soak": "8s"}
SOONER_S = 110.0  # than two bakes of a minute
DYING = {**PLAN, "env": {"UNREADY_AFTER_S": "12"}}


def test_a_dead_primary_is_replaced_as_soon_as_its_fix_is_ready(world: World) -> None:
    world.write_testapp("1", DYING)
    world.project.up()
    dead = world.record().primary
    await_(lambda: _ready(world, dead) == 0, "the end of the primary", 60)
    world.write_testapp("2", PLAN)
    warning = f"the primary podinfo-{dead} has no ready pod: a new version would take all traffic"
    assert warning in world.project.preview().text
    with world.weights() as weights, world.probe(methods=("GET", "POST")) as users:
        result = world.project.up()
        users.next_answers(50)
    assert "100 % to the canary, promoting: the primary has no ready pod" in result.text
    assert weights.steps() == [0, 100, 0]
    assert world.versions() == {world.record().primary}
    assert result.seconds < SOONER_S
    healed, live = weights.await_weight(100, 0).written, weights.await_promotion(0).at
    before = users.answers().answered_before(healed)
    assert len(before) == len(before.failed()) > 0
    users.answers().where(lambda answer: answer.sent > live).assert_none_failed()


def _ready(world: World, version: str) -> int:
    status = world.object("deployment", f"podinfo-{version}")["status"]
    return int(status.get("readyReplicas", 0))
