"""Mirrored runs of the whole engine: users meet the canary only after its copies were good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.plan import Terms
from canary.core.record import Phase
from canary.errors import ClusterError
from tests.core.timeline import PLAN
from tests.engine.test_repair import leave, left
from tests.engine.world import BAD, NEW, OLD, SLOW, World, refuse
from tests.fakes.traffic import Behaviour

MIRRORED = replace(PLAN, mirror_percent=100)


def test_copies_come_first_and_are_in_the_report() -> None:
    world = World()
    assert world.outcome(MIRRORED) == "Succeeded"
    shares = [(r.mirror_percent, r.weight_percent) for r in world.traffic.records]
    assert shares == [(0, 0), (0, 0), (100, 0), (0, 10), (0, 50), (0, 100), (0, 100), (0, 0)]
    first = world.report.steps[0]
    assert (first.weight_percent, first.mirror_percent) == (0, 100)
    assert first.canary_requests == pytest.approx(first.primary_requests, abs=5)
    assert "| 100 % mirrored |" in world.report.to_markdown()


@pytest.mark.parametrize("new", [BAD, SLOW, Behaviour(errors=0.3), Behaviour(hangs=1.0)])
@pytest.mark.parametrize("evidence", [None, Terms()])
def test_a_bad_version_is_gone_before_any_user_met_it(
    new: Behaviour, evidence: Terms | None
) -> None:
    world = World(new=new)
    text = world.outcome(replace(MIRRORED, evidence=evidence))
    assert text.startswith("Rejected: podinfo:b: at 100 % mirrored: ")
    assert text.endswith("podinfo:a kept all traffic")
    assert not any(weights.get(NEW) for _, weights in world.history)
    assert world.routed == {OLD: 100}
    assert world.traffic.routed_copies_to == ""
    assert world.fleet.scaled == [(NEW, 2), (NEW, 0)]


def test_evidence_of_copies_ends_the_run_within_seconds() -> None:
    world = World(new=BAD)
    began_s = world.clock.now_s()
    world.outcome(replace(MIRRORED, evidence=Terms()))
    assert world.clock.now_s() - began_s < 15


def test_an_interrupted_run_sends_no_copies_any_more() -> None:
    world = World()
    world.driver.interrupted_at_s = world.clock.now_s() + 8.0
    assert "at 100 % mirrored" not in world.outcome(MIRRORED)
    assert (world.routed, world.traffic.routed_copies_to) == ({OLD: 100}, "")
    assert world.fleet.scaled[-1] == (NEW, 0)


def test_copies_of_a_dead_run_are_stopped_by_the_next_update() -> None:
    world = World()
    leave(world, replace(left(weight_percent=0), mirror_percent=100))
    assert world.traffic.routed_copies_to == NEW
    assert world.outcome(version=OLD) == "Failed"
    assert "run r0 ended in Progressing at 100 % mirrored" in world.journal.transcript[0]
    assert (world.routed, world.traffic.routed_copies_to) == ({OLD: 100}, "")


def test_a_bug_over_copies_stops_them() -> None:
    world = World()

    def plant() -> None:
        raise ZeroDivisionError("a bug")

    world.at(8.0, plant)
    with pytest.raises(ZeroDivisionError):
        world.release(MIRRORED)
    assert (world.routed, world.traffic.copies_to) == ({OLD: 100}, "")


def test_a_restore_that_fails_over_copies_is_tried_again() -> None:
    world = World(new=BAD)
    refuse(world, Phase.ROLLING_BACK, ClusterError("refused (403): forbidden"))
    text = world.outcome(MIRRORED)
    assert "at 100 % mirrored: request-success-rate" in text
    assert (world.routed, world.traffic.routed_copies_to) == ({OLD: 100}, "")
