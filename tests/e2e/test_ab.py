"""A/B, as users see it: who matches meets the new version, and nobody else does."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.e2e.picking import MATCH, Callers
from tests.e2e.probes import Probe
from tests.e2e.settings import SURE, merged
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

INSIDER = "X-Canary: insider"
PLAN: dict[str, Any] = {
    "analysis": {
        "interval": "3s",
        "iterations": 2,
        "stepWeights": None,
        "match": MATCH,
    },
    "soak": "2s",
    "shield": {"enabled": False},  # so that a failure of the canary is seen by those who match
}
BAKED_S = 6.0  # two iterations: so long before the switch every replica of Traefik knew of both
BOTH = ("GET", "POST")


def test_only_who_matches_meets_the_canary_until_the_switch(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    world.write_testapp("2", PLAN)
    with (
        world.probe(rate=20, methods=BOTH) as users,
        world.probe(rate=10, methods=BOTH).saying(INSIDER) as insiders,
        Callers(world) as callers,
        world.weights() as weights,
    ):
        result = world.project.up()
        for probe in (users, insiders):
            await_(partial(_last_met, probe, "2"), "everybody on it", 60)
    assert "2 iterations of 3s on" in result.text
    assert weights.steps() == [0, 100, 0]
    switched = weights.await_weight(100, 0).written
    before = users.answers().answered_before(switched)
    assert before.versions() == {"1"}
    baked = switched - BAKED_S
    early = insiders.answers().between(baked, switched).answered_before(switched)
    assert early.versions() == {"2"}, early
    met = callers.met(baked, switched)
    assert met == {who: {"1" if who.startswith("not ") else "2"} for who in met}
    assert set(met) == set(callers.met(0, switched)), "each of them called meanwhile"
    for probe in (users, insiders):
        probe.answers().assert_none_failed()


def test_who_matched_is_back_after_a_version_was_rejected(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    old = world.record().primary
    world.write_testapp("errors", merged(PLAN, SURE))
    with (
        world.probe(rate=20, methods=BOTH) as users,
        world.probe(rate=40, methods=BOTH).saying(INSIDER) as insiders,
    ):
        result = world.project.up(fails=True)
        after = insiders.next_answers(20)
    (reason,) = result.reasons
    assert "at iteration 1 of 2: " in reason
    assert users.answers().versions() == {"1"}
    users.answers().assert_none_failed()
    assert len(insiders.answers().failed()), "nobody met the canary"
    assert after.versions() == {"1"}
    members = world.object("traefikservice", "podinfo-canary")["spec"]["weighted"]["services"]
    assert [member["name"] for member in members] == [f"podinfo-{old}"]


def _last_met(probe: Probe, who: str) -> bool:
    return probe.answers().all[-1].who == who
