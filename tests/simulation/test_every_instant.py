"""The engine fails, or its process is killed, at every single call: nothing may depend on luck."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import pytest

import canary.ports
from canary.core.record import Phase
from canary.errors import CanaryError
from canary.ports import Ports
from tests.engine.world import NEW, OLD
from tests.simulation.calm import BAD, CALM, COURSES, failing_at, length, serving, watch
from tests.simulation.interference import Bug, Death
from tests.simulation.scenario import Crash, Scenario
from tests.simulation.world import SimulatedWorld

BLOCK = 20  # instants a test: a test has a price of its own
CALLS = range(1, length(CALM) + 1)
BLOCKS = [CALLS[first : first + BLOCK] for first in range(0, len(CALLS), BLOCK)]
EFFECTS = [
    pytest.param(scenario, number, id=f"{name}-{number}")
    for name, scenario in COURSES.items()
    for number in range(1, length(scenario, effects=True) + 1)
]
PORTS = {field.name: getattr(canary.ports, field.name.capitalize()) for field in fields(Ports)}
METHODS = [
    f"{name}.{method}"
    for name, port in PORTS.items()
    for method in vars(port)
    if not method.startswith("_")
]
# Without these nobody can say or do anything: that is the guard's to restore.
VITAL = {"router.route", "router.write", "heartbeat.beat", "heartbeat.lapse"}
VITAL |= {"clock.now_s", "clock.wall_s"}


def ident(calls: range) -> str:
    return f"{calls.start}-{calls.stop - 1}"


def lived(scenario: Scenario) -> tuple[SimulatedWorld, BaseException | None]:
    """The world after the run, and what ended it."""
    world = SimulatedWorld(scenario)
    watch(world)
    ended: BaseException | None = None
    try:
        world.release(scenario.plan)
    except (Bug, Death, CanaryError) as error:
        ended = error
    return world, ended


def demand_restored(scenario: Scenario, crash: Crash) -> None:
    """A bug ends the update with all traffic on one version, and with a reason in the report."""
    world, error = lived(failing_at(scenario, crash))
    assert isinstance(error, Bug)
    assert not hasattr(error, "__notes__")
    record = world.traffic.record
    assert record is not None
    assert not record.unfinished
    promoted = record.run == "r1" and record.phase is Phase.SUCCEEDED
    assert serving(world) == (NEW if promoted else OLD)
    outcomes = [report.outcome for report in world.journal.reports]
    turned_down = record.run == "r1" and not promoted
    assert outcomes == ["rejected"] if turned_down else outcomes in ([], ["promoted"])


def demand_repaired(scenario: Scenario, crash: Crash, wanted: str) -> None:
    """Whatever a killed process left, the next update says it in one line and puts it right."""
    world, error = lived(failing_at(scenario, crash))
    assert isinstance(error, Death)
    left = world.traffic.record
    assert left is not None
    world.heal()
    text = world.outcome(replace(scenario.plan, mirror_percent=0), wanted, "r2")
    found = [line for line in world.journal.transcript if "repaired: " in line]
    assert len(found) == left.unfinished, found
    assert all(f"repaired: run {left.run} ended in {left.phase.value} at " in one for one in found)
    bad = scenario.canary == BAD
    assert (
        text.startswith("Rejected: ") if wanted == NEW and bad else text in {"Succeeded", "Failed"}
    )
    assert serving(world) == (OLD if bad else wanted)


@pytest.mark.parametrize("calls", BLOCKS, ids=ident)
def test_a_bug_at_any_call_ends_with_all_traffic_on_one_version(calls: range) -> None:
    for call in calls:
        demand_restored(CALM, Crash(call=call, deadly=False))


@pytest.mark.parametrize(("scenario", "number"), EFFECTS)
def test_a_bug_before_any_effect_ends_with_all_traffic_on_one_version(
    scenario: Scenario, number: int
) -> None:
    demand_restored(scenario, Crash(call=number, deadly=False, effects=True))


@pytest.mark.parametrize("calls", BLOCKS, ids=ident)
def test_a_process_killed_at_any_call_is_repaired_by_the_next_update(calls: range) -> None:
    for call in calls:
        demand_repaired(CALM, Crash(call=call, deadly=True), NEW)


@pytest.mark.parametrize("wanted", [OLD, NEW], ids=["reverted", "again"])
@pytest.mark.parametrize(("scenario", "number"), EFFECTS)
def test_a_promotion_cut_short_between_any_two_effects_is_completed_or_taken_back(
    scenario: Scenario, number: int, wanted: str
) -> None:
    demand_repaired(scenario, Crash(call=number, deadly=True, effects=True), wanted)


class _Broken:
    """A port of which one method fails for ever once the run is in a phase."""

    def __init__(self, world: BrokenWorld, port: object, method: str) -> None:
        self._world = world
        self._port = port
        self._method = method

    def __getattr__(self, method: str) -> Any:
        called = getattr(self._port, method)
        if method != self._method:
            return called

        def failing(*args: Any, **kwargs: Any) -> Any:
            if self._world.broken:
                raise Bug(method)
            return called(*args, **kwargs)

        return failing


class BrokenWorld(SimulatedWorld):
    """A world where `method`, as "port.method", does not work any more from `phase` on."""

    def __init__(self, scenario: Scenario, method: str, phase: Phase) -> None:
        self.broken = False
        self._at = method.split(".")
        self._phase = phase
        super().__init__(scenario)
        self.clock.on_tick.append(lambda _: self._look())

    @property
    def ports(self) -> Ports:
        name, method = self._at
        plain = super().ports
        return replace(plain, **{name: _Broken(self, getattr(plain, name), method)})

    def _look(self) -> None:
        record = self.traffic.record
        began = record is not None and record.run == "r1" and record.phase is self._phase
        self.broken = self.broken or began


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "phase", [Phase.PREPARING, Phase.PROGRESSING, Phase.PROMOTING, Phase.SOAKING]
)
def test_a_bug_that_stays_keeps_no_traffic_on_the_canary(method: str, phase: Phase) -> None:
    """What one driver cannot do any more the guard does when it is gone."""
    world = BrokenWorld(replace(CALM, guarded=True), method, phase)
    with suppress(Bug):
        world.release(CALM.plan)
    record = world.traffic.record
    assert record is not None
    if method in VITAL:
        world.clock.advance_slowly(15.0)
    promoted = record.run == "r1" and record.phase is Phase.SUCCEEDED
    assert serving(world) == (NEW if promoted else OLD)
