"""Stories in which nothing happens but what a test says, and what each of them must end with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from canary.core.record import Phase
from tests.core.timeline import PLAN
from tests.engine.world import NEW, OLD
from tests.fakes.traffic import Behaviour, Traffic
from tests.simulation.scenario import Crash, Faults, Scenario
from tests.simulation.world import SimulatedWorld

BRIEF = replace(
    PLAN, weights=(50,), interval_s=2.0, soak_s=2.0, drain_s=1.0, poll_s=1.0, scrape_s=1.0
)
GOOD, BAD = Behaviour(), Behaviour(errors=1.0)
CALM = Scenario(
    seed=1,
    quiet=False,
    plan=BRIEF,
    canary=GOOD,
    primary=GOOD,
    traffic=Traffic(scrape_s=1.0),
    start_s=1.0,
    lags_s=(0.1,),
    hooks={},
)
# One for each way in which a run may go: promoted, rolled back, and with all that it may make.
COURSES: Mapping[str, Scenario] = {
    "promoted": CALM,
    "rolled-back": replace(CALM, canary=BAD),
    "compared": replace(CALM, plan=replace(BRIEF, baseline=True, mirror_percent=100)),
    "previewed": replace(CALM, plan=replace(BRIEF, weights=(0,), previewed=True)),
}


def failing_at(scenario: Scenario, crash: Crash) -> Scenario:
    """The same story, but the engine's process fails there."""
    return replace(scenario, faults=Faults(crash=crash))


def entries(scenario: Scenario) -> dict[Phase, float]:
    """When the story's run enters each of its phases, in seconds from its begin."""
    found: dict[Phase, float] = {}
    world = SimulatedWorld(scenario)
    began_s = world.clock.now_s()

    def note(now_s: float) -> None:
        record = world.traffic.record
        if record is not None and record.run == "r1":
            found.setdefault(record.phase, now_s - began_s)

    world.clock.on_tick.append(note)
    world.outcome(scenario.plan)
    return found


def serving(world: SimulatedWorld) -> str:
    """The version that has all traffic and all callers inside the cluster.

    Raises:
        AssertionError: there is none, or the record says otherwise.
    """
    world.clock.advance(2.0)
    record = world.traffic.record
    assert record is not None
    everything = {record.primary: 100}
    assert world.traffic.plain == world.traffic.shielded == everything
    assert world.traffic.live() == (everything, everything)
    assert world.apex.selected == record.primary
    return record.primary


def watch(world: SimulatedWorld) -> None:
    """From now on some version has pods, and callers inside the cluster are answered."""

    def look(_now_s: float) -> None:
        assert world.fleet.up() & {OLD, NEW}, "no version has pods"
        assert world.apex.selected in world.fleet.up(), "the apex Service has no endpoints"

    world.clock.on_tick.append(look)


def length(scenario: Scenario, *, effects: bool = False) -> int:
    """How many calls of ports the story's run makes, or how many that change something."""
    world = SimulatedWorld(scenario)
    world.outcome(scenario.plan)
    return world.interference.effects if effects else world.interference.calls
