"""What changed since somebody looked last: nothing moves to a version without pods after all."""

from __future__ import annotations

from dataclasses import replace

from canary.core.record import Phase, Record
from tests.engine.world import NEW, OLD, OWNER, World


def dies(world: World, at_s: float) -> None:
    world.at(at_s, lambda: setattr(world.fleet.versions[OLD], "ready", 0))


def test_the_last_write_does_not_bring_back_a_route_to_dead_pods() -> None:
    world = World()
    world.fleet.versions[NEW].start_s = 9.0
    dies(world, 1.0)
    world.at(3.0, lambda: world.traffic.edited({OLD: 99}))
    world.at(12.0, world.traffic.clear)
    text = world.outcome()
    assert "weights were changed by kubectl-edit" in text
    assert world.traffic.record is None, "it was deleted, and stays so"
    assert any("could not tidy up" in entry.reason for entry in world.journal.entries)


def test_the_apex_stays_where_only_there_are_pods() -> None:
    world = World()
    world.release()
    world.fleet.versions[OLD].ready = 0
    gone = Record(owner=OWNER, run="r9", phase=Phase.PREPARING, primary=OLD, images={})
    world.traffic.taken_over(replace(gone, images={OLD: "podinfo:a"}))
    assert world.apex.selected == NEW
    world.fleet.deploy("cccccccccc", 0, start_s=1e9)
    world.outcome(version="cccccccccc", run="r2")
    assert world.apex.selected == NEW


def test_a_repair_keeps_the_version_that_somebody_saved_the_service_with() -> None:
    world = World()
    world.release()
    world.fleet.versions[NEW].ready = 0
    world.traffic.edited({OLD: 99})
    world.outcome(run="r2")
    repaired = next(entry for entry in world.journal.entries if "repaired" in entry.reason)
    assert "the only version with ready pods is kept as primary: " in repaired.reason
    assert repaired.record.primary == OLD
