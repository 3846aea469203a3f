"""Whole runs without a shift: users stay on the primary until the switch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.plan import Terms
from canary.core.record import Phase, Record
from canary.core.seen import HookType, Route
from canary.engine.lookout import foreign_change
from canary.engine.repair import damage_of
from canary.errors import ClusterError, StillServing
from tests.core.timeline import PLAN
from tests.engine.test_repair import leave, left
from tests.engine.world import BAD, GOOD, NEW, OLD, SLOW, World, refuse
from tests.fakes.hooks import Answer
from tests.fakes.router import FakeRouter
from tests.fakes.traffic import Behaviour, Traffic

JUDGE = Terms(exchangeable=False)
PICKED = replace(PLAN, weights=(0, 0, 0), evidence=JUDGE)
PREVIEWED = replace(PICKED, previewed=True)


@pytest.mark.parametrize("plan", [PICKED, PREVIEWED])
def test_users_stay_until_the_switch(plan: object) -> None:
    world = World()
    assert world.outcome(plan) == "Succeeded"  # type: ignore[arg-type]
    steps = world.report.steps
    assert [step.share for step in steps] == ["iteration 1", "iteration 2", "iteration 3", "100 %"]
    assert all(step.canary_requests for step in steps)
    assert [r.weight_percent for r in world.traffic.records if r.weight_percent] == [100, 100]
    assert not world.traffic.records[-1].exposed
    assert world.routed == {NEW: 100}


@pytest.mark.parametrize("plan", [PICKED, PREVIEWED])
@pytest.mark.parametrize("new", [BAD, SLOW, Behaviour(errors=0.3)])
def test_a_bad_version_is_met_by_nobody_who_was_not_picked(new: Behaviour, plan: object) -> None:
    world = World(new=new)
    text = world.outcome(plan)  # type: ignore[arg-type]
    assert text.startswith("Rejected: podinfo:b: at iteration 1 of 3: ")
    assert "all traffic is back on podinfo:a" in text
    assert not any(weights.get(NEW) for _, weights in world.history)
    assert (world.routed, world.traffic.routed_copies_to) == ({OLD: 100}, "")
    assert world.fleet.scaled == [(NEW, 2), (NEW, 0)]


class Unready(dict[str, Behaviour]):
    """How versions answer: the new one 5xx until its pods are ready."""

    def __init__(self, world: World) -> None:
        super().__init__({OLD: GOOD, NEW: GOOD})
        self.up = world.fleet.up

    def __getitem__(self, version: str) -> Behaviour:
        return super().__getitem__(version) if version in self.up() else BAD


@pytest.mark.parametrize("scrape_s", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("start_s", [2.0, 9.0])
def test_what_failed_before_the_canary_was_ready_is_no_evidence(
    start_s: float, scrape_s: float
) -> None:
    world = World(traffic=Traffic(scrape_s=scrape_s))
    world.fleet.versions[NEW].start_s = start_s
    for replica in world.metrics.replicas:
        replica.behaviours = Unready(world)
        world.clock.on_tick.append(replica.advance)
    plan = replace(PREVIEWED, evidence=Terms(), scrape_s=scrape_s, poll_s=scrape_s)
    assert world.outcome(plan) == "Succeeded"


def test_acceptance_hooks_reach_the_canary_before_any_user() -> None:
    exposed: list[bool] = []
    world = World(hooks={HookType.PRE_ROLLOUT: [Answer()]})
    calls = world.hooks.call

    def call(occasion: object) -> None:
        exposed.append(world.traffic.routed_copies_to == NEW)
        calls(occasion)  # type: ignore[arg-type]

    world.hooks.call = call  # type: ignore[method-assign]
    plan = replace(PREVIEWED, hooks=frozenset({"pre-rollout"}))
    assert world.outcome(plan) == "Succeeded"
    assert exposed[0]


def test_a_canary_that_never_gets_ready_is_reached_by_nobody_afterwards() -> None:
    world = World()
    world.fleet.versions[NEW].start_s = 1e9
    assert "not ready within" in world.outcome(PREVIEWED)
    assert (world.routed, world.traffic.routed_copies_to) == ({OLD: 100}, "")


def test_what_a_dead_run_left_is_put_right_by_the_next_update() -> None:
    world = World()
    leave(world, replace(left(weight_percent=0), exposed=True))
    assert world.traffic.routed_copies_to == NEW
    assert world.outcome(version=OLD) == "Failed"
    assert (world.routed, world.traffic.routed_copies_to) == ({OLD: 100}, "")


def test_a_bug_while_users_stay_leaves_nobody_on_the_canary() -> None:
    world = World()

    def plant() -> None:
        raise ZeroDivisionError("a bug")

    world.at(8.0, plant)
    with pytest.raises(ZeroDivisionError):
        world.release(PICKED)
    assert (world.routed, world.traffic.copies_to) == ({OLD: 100}, "")


def test_a_restore_that_fails_is_tried_again() -> None:
    world = World(new=BAD)
    refuse(world, Phase.ROLLING_BACK, ClusterError("refused (403): forbidden"))
    assert "at iteration 1 of 3: " in world.outcome(PICKED)
    assert (world.routed, world.traffic.routed_copies_to) == ({OLD: 100}, "")


REST = Record(owner="me", run="r1", phase=Phase.SUCCEEDED, primary=OLD)
RUNS = replace(REST, phase=Phase.PROGRESSING, canary=NEW, exposed=True)


def _route(record: Record, picked: dict[str, int]) -> Route:
    return Route(record=record, weights={OLD: 100}, shielded={OLD: 100}, picked=(picked,))


def test_a_list_of_picked_requests_is_watched_like_the_others() -> None:
    assert foreign_change(_route(RUNS, {NEW: 100}), RUNS) == ""
    assert "picked requests were changed to aaaaa" in foreign_change(_route(RUNS, {OLD: 100}), RUNS)
    assert "to none" in foreign_change(_route(RUNS, {}), RUNS)
    assert damage_of(_route(REST, {NEW: 100}), OLD) == "the weights were changed"
    assert damage_of(_route(REST, {}), OLD) == "", "a strategy just configured has no list yet"
    assert damage_of(_route(REST, {OLD: 100}), OLD) == ""


def test_a_first_version_that_is_not_ready_yet_has_no_picked_requests() -> None:
    record = Record(owner="me", run="r1", phase=Phase.PREPARING, canary=NEW)
    empty = Route(record=record, weights={}, shielded={}, picked=({},))
    assert not foreign_change(empty, record)
    assert "were changed" in foreign_change(replace(empty, picked=({NEW: 100},)), record)


@pytest.mark.parametrize("picked", [{}, {OLD: 100}])
def test_a_strategy_just_configured_gets_its_lists_without_a_run(picked: dict[str, int]) -> None:
    world = World()

    class Picking(FakeRouter):
        def route(self) -> Route | None:
            found = super().route()
            return None if found is None else replace(found, picked=(picked,))

    world.router = Picking
    before = len(world.traffic.records)
    assert world.release(PICKED, version=OLD).primary == OLD
    assert len(world.traffic.records) - before == (not picked)


def test_a_version_that_picked_requests_reach_is_not_retired() -> None:
    from canary import engine  # noqa: PLC0415

    world = World()

    class Picking(FakeRouter):
        def route(self) -> Route | None:
            found = super().route()
            return None if found is None else replace(found, picked=({NEW: 100},))

    world.router = Picking
    with pytest.raises(StillServing, match="still has 100 %"):
        engine.retire(NEW, 0.0, world.ports)
