"""Whole runs with a fresh copy of the primary: made, compared with, and gone whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary import engine
from canary.core.plan import Plan, Terms
from canary.core.record import BASELINE, Record
from canary.errors import ClusterError, PortError
from tests.core.timeline import PLAN
from tests.engine.test_repair import leave, left
from tests.engine.world import GOOD, NEW, OLD, World
from tests.fakes.fleet import FakeFleet
from tests.fakes.traffic import Behaviour, Traffic

WITH = replace(PLAN, baseline=True)
COLD = Behaviour(not_found=0.08)  # within every bound, but worse than a primary that is warm


def gone(world: World) -> bool:
    return BASELINE not in world.fleet.versions


def test_it_is_made_before_and_gone_after_and_gets_as_much_as_the_canary() -> None:
    world = World()
    assert world.outcome(WITH) == "Succeeded"
    shares = [weights for _, weights in world.history]
    assert {OLD: 80, NEW: 10, BASELINE: 10} in shares
    assert {NEW: 50, BASELINE: 50} in shares
    assert all(weights.get(BASELINE, 0) <= weights.get(NEW, 0) for weights in shares)
    assert world.fleet.scaled == [(NEW, 2), (BASELINE, 2), (BASELINE, 0)]
    assert gone(world)
    assert world.routed == {NEW: 100}
    assert world.traffic.record is not None
    assert not world.traffic.record.baseline


def test_the_report_says_what_was_compared_with() -> None:
    world = World()
    world.outcome(WITH)
    first, *_, soak = world.report.steps
    assert first.beside == "baseline"
    assert first.primary_requests == pytest.approx(first.canary_requests, abs=3)
    assert f"| {first.primary_requests} (baseline) |" in world.report.to_markdown()
    assert soak.primary_requests == 0
    lines = [line for _, line in world.journal.lines]
    assert any("· canary 0 requests · baseline 0 requests · " in line for line in lines)
    assert any("requests succeeded (baseline 100 % of 10)" in line for line in lines)


@pytest.mark.parametrize(("plan", "text"), [(WITH, "Succeeded"), (PLAN, "Rejected: podinfo:b: ")])
def test_what_a_fresh_copy_shares_is_not_held_against_the_canary(plan: Plan, text: str) -> None:
    world = World(traffic=Traffic(rate_per_s=200.0))
    for replica in world.metrics.replicas:
        replica.behaviours = {OLD: GOOD, NEW: COLD, BASELINE: COLD}
    assert world.outcome(replace(plan, evidence=Terms())).startswith(text)


def test_a_bad_version_is_proven_worse_than_it() -> None:
    world = World(new=Behaviour(not_found=0.5))
    text = world.outcome(replace(WITH, evidence=Terms()))
    assert "on the baseline: chance does that less than once in" in text
    assert text.count("all traffic is back on podinfo:a") == 1
    assert world.routed == {OLD: 100}
    assert gone(world)
    assert world.fleet.scaled[-2:] == [(BASELINE, 0), (NEW, 0)]


def test_where_a_version_is_needed_back_none_is_made() -> None:
    world = World()
    assert world.outcome(replace(WITH, skip_analysis=True)) == "Succeeded"
    assert (BASELINE, 2) not in world.fleet.scaled


def test_a_primary_that_cannot_be_copied_ends_the_run_before_any_traffic() -> None:
    world = World()

    class Forbidden(FakeFleet):
        def copy(self, version: str, replicas: int, run: str) -> None:
            raise ClusterError(f"deployments is forbidden ({version}, {replicas}, {run})")

    world.fleet.__class__ = Forbidden
    text = world.outcome(WITH)
    assert text == (
        "Rejected: podinfo:b: deployments is forbidden (aaaaaaaaaa, 2, r1); podinfo:a kept all "
        "traffic"
    )
    assert world.fleet.scaled[-1] == (NEW, 0)


def grow(world: World) -> None:
    """An autoscaler wants more pods of the canary, which start at once."""
    world.fleet.versions[NEW].start_s = 0.0
    world.fleet.scale(NEW, 4)


def test_it_grows_with_the_canary() -> None:
    world = World()
    world.at(9.0, lambda: grow(world))
    assert world.outcome(WITH) == "Succeeded"
    assert (BASELINE, 4) in world.fleet.scaled


def test_that_it_cannot_grow_is_told_and_ends_nothing() -> None:
    world = World()

    class Full(FakeFleet):
        def scale(self, version: str, replicas: int) -> None:
            if version == BASELINE:
                raise ClusterError("exceeded quota")
            super().scale(version, replicas)

    world.fleet.__class__ = Full
    world.at(9.0, lambda: grow(world))
    assert world.outcome(WITH) == "Succeeded"
    assert any(
        "the baseline is smaller than the canary: exceeded quota" in line
        for _, line in world.journal.lines
    )


def test_one_that_loses_its_pods_ends_the_run_at_once() -> None:
    world = World()
    world.at(9.0, lambda: setattr(world.fleet.versions[BASELINE], "ready", 0))
    assert "at 10 %: no pod of the baseline is ready" in world.outcome(WITH)
    assert world.routed == {OLD: 100}
    assert gone(world)


def test_a_bug_leaves_none() -> None:
    world = World()

    def plant() -> None:
        raise ZeroDivisionError("a bug")

    world.at(9.0, plant)
    with pytest.raises(ZeroDivisionError):
        world.release(WITH)
    assert world.routed == {OLD: 100}
    assert gone(world)


def test_what_a_dead_run_left_is_taken_away_by_the_next_update() -> None:
    world = World()
    world.fleet.copy(OLD, 2, "r0")
    leave(world, replace(left(), baseline=True))
    assert world.routed == {OLD: 40, NEW: 30, BASELINE: 30}
    assert world.outcome(version=OLD) == "Failed"
    assert "all traffic is back on podinfo:a" in world.journal.transcript[0]
    assert world.routed == {OLD: 100}
    assert gone(world)


def test_it_is_never_kept_as_primary() -> None:
    """Nothing would keep up what is not declared."""
    world = World()
    world.fleet.copy(OLD, 2, "r0")
    leave(world, replace(left(), baseline=True))
    world.fleet.versions[OLD].ready = world.fleet.versions[NEW].ready = 0
    world.outcome(version=OLD)
    assert world.traffic.record is not None
    assert world.traffic.record.primary == OLD


def test_one_that_could_not_be_taken_away_is_told_and_repaired() -> None:
    world = World()

    class Refusing(FakeFleet):
        def discard(self, run: str = "") -> None:
            raise PortError(f"forbidden: {run}")

    world.fleet.__class__ = Refusing
    assert world.outcome(WITH) == "Succeeded"
    assert any(
        "could not tidy up the baseline: forbidden: r1" in t for t in world.journal.transcript
    )
    assert engine.live(world.ports)["damage"] == "the baseline of run r1 was left"
    world.fleet.__class__ = FakeFleet
    assert world.outcome(version=NEW, run="r2") == "Succeeded"
    assert gone(world)
    assert engine.live(world.ports)["damage"] == ""


def test_it_stays_while_traefik_routes_to_it() -> None:
    world = World()
    world.fleet.copy(OLD, 2, "r0")
    leave(world, replace(left(), baseline=True))
    world.traffic.frozen = True
    world.outcome(version=OLD)
    assert not gone(world)
    told = "could not tidy up the baseline: Traefik still routes to the baseline"
    assert told in world.journal.transcript[-1]


def test_while_traefik_routes_to_it_none_takes_its_place() -> None:
    world = World()
    world.fleet.copy(OLD, 2, "r0")
    leave(world, replace(left(), baseline=True))
    world.traffic.frozen = True
    assert "Traefik still routes to the baseline" in world.outcome(WITH, run="r2")
    assert world.fleet.versions[BASELINE].run == "r0"
    world.traffic.frozen = False
    assert world.outcome(WITH, run="r3") == "Succeeded"
    assert gone(world)


def test_another_runs_is_not_taken_away() -> None:
    world = World()
    theirs = Record(owner="x", run="r9", primary=OLD)

    class TakenOver(FakeFleet):
        def discard(self, run: str = "") -> None:
            if world.traffic.record != theirs:
                world.traffic.taken_over(theirs)
                self.versions[BASELINE].run = "r9"
            super().discard(run)

    world.fleet.__class__ = TakenOver
    world.outcome(WITH)
    assert world.fleet.versions[BASELINE].run == "r9"
    assert world.traffic.record == theirs


def test_over_a_dead_primary_a_bug_moves_nothing_away_from_it() -> None:
    world = World()

    def plant() -> None:
        world.fleet.versions[OLD].ready = world.fleet.versions[NEW].ready = 0
        raise ZeroDivisionError("a bug")

    world.at(9.0, plant)
    with pytest.raises(ZeroDivisionError) as caught:
        world.release(WITH)
    assert "the weights stay, because the primary has no ready pod" in caught.value.__notes__
    assert world.routed == {OLD: 80, NEW: 10, BASELINE: 10}
    assert not gone(world)


def test_what_is_left_goes_with_the_app() -> None:
    world = World()
    world.fleet.copy(OLD, 2, "r0")
    engine.remove(world.ports)
    assert gone(world)
