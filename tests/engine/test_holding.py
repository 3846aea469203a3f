"""One driver at a time: another one's run is left alone, and a lapsed driver writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from canary import engine
from canary.core.holding import LAPSED
from canary.core.record import Phase
from canary.core.retreat import KEPT
from canary.errors import ClusterError, HeldError, PortError
from tests.core.timeline import PLAN
from tests.engine.test_repair import leave, left
from tests.engine.world import NEW, OLD, OWNER, World
from tests.fakes.heartbeat import FakeHeartbeat
from tests.fakes.journal import FakeJournal

DOWN = ClusterError("the API server did not answer", retryable=True)
OTHER = "test/canary-other"


def other(world: World, weight_percent: int = 30) -> FakeHeartbeat:
    """Another driver, alive, carries out a run of the same stack and app."""
    heartbeat = FakeHeartbeat(world.clock, world.leases, lease=OTHER, run="r0")
    heartbeat.begin()
    world.clock.on_tick.append(lambda _: heartbeat.beat())
    leave(world, replace(left(Phase.PROGRESSING, weight_percent), lease=OTHER))
    return heartbeat


def test_a_run_that_somebody_else_carries_out_is_not_touched() -> None:
    world = World()
    other(world)
    held, scaled = world.traffic.record, list(world.fleet.scaled)
    began_s = world.clock.now_s()
    assert world.outcome(run="r2") == (
        f"HeldError: run r0 is under way: the holder of {OTHER} has held it since noon and is "
        "alive; nothing was touched"
    )
    assert world.clock.now_s() - began_s <= 3.0
    assert (world.traffic.record, world.fleet.scaled, world.apex.flips) == (held, scaled, [OLD])
    assert "test/canary-r2" not in world.leases.renewals


def test_what_is_held_is_neither_removed_nor_abandoned() -> None:
    world = World()
    other(world)
    held = world.traffic.record
    with pytest.raises(HeldError):
        engine.remove(world.ports)
    assert held is not None
    world.traffic.taken_over(replace(held, primary="", weight_percent=0))
    engine.abandon(OWNER, world.ports)
    assert world.traffic.record is not None
    assert "could not tidy up: run r0 is under way" in world.journal.lines[-1][1]


def test_a_dead_drivers_run_is_repaired_once_its_lease_has_run_out() -> None:
    world = World()
    other(world).end()
    began_s = world.clock.now_s()
    assert world.outcome(run="r2") == "Succeeded"
    assert "repaired: run r0 ended in Progressing at 30 %" in world.journal.transcript[0]
    assert 10.0 <= world.journal.entries[0].at_s - began_s <= 11.0


def test_whether_a_run_is_held_is_asked_until_it_is_known() -> None:
    world = World()
    other(world)
    world.leases.faults += [DOWN, DOWN]
    assert world.outcome(run="r2").startswith("HeldError")
    world.leases.faults.append(PortError("not permitted"))
    assert world.outcome(run="r3") == "PortError: not permitted"
    assert world.traffic.record is not None
    assert world.traffic.record.run == "r0"


def test_the_record_names_the_lease() -> None:
    world = World()
    assert world.release().lease == "test/canary-r1"


def test_nothing_is_begun_without_a_lease() -> None:
    world = World()
    before = world.traffic.record
    refusing = world.heartbeat_of("r1")
    refusing.faults.append(PortError("not permitted"))
    world.heartbeat_of = lambda _: refusing  # type: ignore[assignment, method-assign]
    assert world.outcome() == "PortError: not permitted"
    assert world.traffic.record == before


def stop(world: World, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Stop the driver's process now; then something may happen, and it wakes up."""
    world.heartbeat.works = lambda: False
    world.clock.advance_slowly(seconds - 5.0)
    meanwhile()
    world.clock.advance_slowly(5.0)
    world.heartbeat.works = lambda: True


def taken_over(world: World) -> Callable[[], None]:
    """Somebody restores the run that stopped, as the guard does."""

    def act() -> None:
        record = world.traffic.record
        assert record is not None
        rest = replace(record, run=f"guard-{record.run}", phase=Phase.FAILED, weight_percent=0)
        world.traffic.taken_over(replace(rest, reason="restored by guard"), by="canary-guard")
        world.apex.selected = OLD

    return act


@pytest.mark.parametrize("at_s", [1.0, 5.0, 15.0, 25.0, 31.0])
def test_a_driver_that_was_stopped_and_replaced_writes_nothing_when_it_wakes_up(
    at_s: float,
) -> None:
    """From preparing to promoting, whatever it was about to do."""
    world = World()
    world.at(at_s, lambda: stop(world, 60.0, taken_over(world)))
    assert "run guard-r1 took over; nothing more is written" in world.outcome()
    record = world.traffic.record
    assert record is not None
    assert (record.run, record.reason) == ("guard-r1", "restored by guard")
    assert world.routed == {OLD: 100}
    assert world.apex.selected == OLD
    assert (NEW, 0) not in world.fleet.scaled


@pytest.mark.parametrize("at_s", [1.0, 5.0, 25.0, 31.0])
def test_a_driver_that_was_stopped_restores_if_nobody_else_did(at_s: float) -> None:
    world = World()
    world.at(at_s, lambda: stop(world, 60.0))
    text = world.outcome()
    assert text.startswith(f"Interrupted: podinfo:b: {LAPSED}")
    assert world.routed == {OLD: 100}
    assert world.traffic.record is not None
    assert world.traffic.record.phase is Phase.FAILED
    assert world.apex.selected == OLD


@pytest.mark.parametrize("serving", [OLD, NEW])
def test_a_driver_that_wakes_up_writes_nothing_over_the_repair_of_its_run(serving: str) -> None:
    world = World()

    def stopped() -> None:
        mine, told = world.heartbeat, world.journal
        stop(world, 60.0)
        world.fleet.versions[OLD].ready = None if serving == OLD else 0
        world.journal = FakeJournal(clock=world.clock)
        world.release(version=serving, run="r2")
        world.fleet.versions[OLD].ready = None
        world.heartbeat, world.journal = mine, told

    world.at(15.0, stopped)
    assert "run r2 took over" in world.outcome()
    assert world.routed == {serving: 100}
    assert world.apex.selected == serving
    assert world.traffic.record is not None
    assert world.traffic.record.primary == serving


def test_a_short_stop_is_nothing() -> None:
    world = World()
    world.at(15.0, lambda: stop(world, 7.0))
    assert world.outcome() == "Succeeded"


def test_a_lease_that_cannot_be_had_again_yet_is_asked_for_again() -> None:
    world = World()

    def stopped() -> None:
        stop(world, 60.0)
        world.heartbeat.faults += [DOWN, DOWN]

    world.at(15.0, stopped)
    assert "all traffic is back on podinfo:a" in world.outcome()
    assert world.routed == {OLD: 100}


def test_a_long_drain_is_no_reason_to_be_taken_for_dead() -> None:
    world = World()
    assert world.outcome(replace(PLAN, drain_s=60.0)) == "Succeeded"
    assert not world.heartbeat.lapsed


def test_a_driver_that_wakes_up_looks_at_the_pods_before_it_restores() -> None:
    """Stopped between a look and the restore that follows from it, while the primary's pods die."""
    world = World()

    def interruption() -> str:
        if world.clock.now_s() < 75.0 or world.heartbeat.lapse():
            return ""
        if world.fleet.versions[OLD].ready is None:
            world.fleet.versions[OLD].ready = 0
            stop(world, 60.0)
        return "the update was interrupted"

    world.driver = SimpleNamespace(interruption=interruption)  # type: ignore[assignment]
    assert KEPT in world.outcome()
    assert world.traffic.plain[NEW] > 0
