"""A good release: weights as planned, the share as the weights say, and nobody notices."""

from __future__ import annotations

import pytest

from tests.e2e.probes import Probe
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import await_
from tests.e2e.weights import Change, Weights
from tests.e2e.world import World

pytestmark = pytest.mark.bed

PLANNED = [20, 50]
BAKE_S = 4
LEAST = 80  # of 440 in a bake, should the crowd stand still for three seconds of it
TURNS = (
    6  # each replica of Traefik begins its split anew at each reload, so one turn may be missing
)
OLD, NEW = "6.9.2", "6.9.2-blue"


def test_a_good_release_is_promoted_and_no_request_fails(world: World) -> None:
    settings = {"analysis": {"interval": f"{BAKE_S}s", "stepWeights": PLANNED}, "soak": "2s"}
    world.write(GOOD, settings)
    world.project.up()
    old = world.record().primary
    world.write(BETTER, settings)
    users = world.probe(methods=("GET", "POST"))
    crowd = world.probe(rate=110)
    with world.weights() as weights, users, crowd, world.pod_probe() as callers:
        result = world.project.up()
        await_(lambda: not world.pods(old), "the old version's pods are gone", 60)

    assert "promoted" in result.text
    assert world.record().primary != old
    assert world.versions() == {world.record().primary}
    _moves_as_planned(weights, old, world.record().primary)
    _shares_as_planned(weights, crowd)
    for answers in (users.answers(), crowd.answers(), callers.answers()):
        answers.assert_none_failed()
        assert answers.all[-1].who in {NEW, ""}
        assert answers.versions() == {OLD, NEW}


def _moves_as_planned(weights: Weights, old: str, new: str) -> None:
    """Each weight in turn and no other, in both lists, which name nobody else."""
    assert weights.steps() == [0, *PLANNED, 100, 0]  # 0 of nobody once the canary is the primary
    wanted = [{old: 100}, *({old: 100 - w, new: w} for w in PLANNED), {new: 100}]
    assert _distinct(weights.changes()) == wanted
    through = [{old: 100}, *({old: 100 - w, "failover": w} for w in PLANNED), {"failover": 100}]
    assert _distinct(weights.changes("podinfo-shielded")) == [*through, {new: 100}]


def _distinct(changes: list[Change]) -> list[dict[str, int]]:
    found: list[dict[str, int]] = []
    for change in changes:
        if not found or found[-1] != change.members:
            found.append(change.members)
    return found


def _shares_as_planned(weights: Weights, crowd: Probe) -> None:
    """A bake lasts for its interval from when its weight is live until the next one is written."""
    for weight, following in zip(PLANNED, [*PLANNED[1:], 100], strict=True):
        until = weights.await_weight(following, 0).written
        asked = crowd.answers().between(until - BAKE_S, until).answered_before(until)
        assert len(asked) >= LEAST
        expected = len(asked) * weight / 100
        assert asked.share(NEW) * len(asked) == pytest.approx(expected, rel=0.2, abs=TURNS)
