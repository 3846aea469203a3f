"""Going back to a version that was primary not long ago: at once, and only once in haste."""

from __future__ import annotations

from dataclasses import replace

from tests.core.timeline import PLAN
from tests.engine.world import NEW, OLD, World

WINDOW_S = 3600.0
WINDOW = replace(PLAN, rollback_window_s=WINDOW_S)


def released() -> World:
    world = World()
    assert world.outcome(WINDOW) == "Succeeded"
    assert set(_former(world)) == {OLD}
    return world


def test_a_version_that_served_lately_gets_everything_at_once() -> None:
    world = released()
    before = len(world.traffic.records)
    assert world.outcome(WINDOW, OLD, "r2") == "Succeeded"
    assert [record.weight_percent for record in world.traffic.records[before:]] == [0, 100, 100, 0]
    assert world.routed == {OLD: 100}
    assert any("it served not long ago" in entry.reason for entry in world.journal.entries)


def test_what_was_left_in_haste_has_to_prove_itself_again() -> None:
    world = released()
    assert world.outcome(WINDOW, OLD, "r2") == "Succeeded"
    assert _former(world) == {}
    before = len(world.traffic.records)
    assert world.outcome(WINDOW, NEW, "r3") == "Succeeded"
    assert 10 in [record.weight_percent for record in world.traffic.records[before:]]
    assert set(_former(world)) == {OLD}


def test_after_the_window_it_is_judged_like_any_other() -> None:
    world = released()
    world.clock.advance(WINDOW_S + 60.0)
    before = len(world.traffic.records)
    assert world.outcome(WINDOW, OLD, "r2") == "Succeeded"
    assert 10 in [record.weight_percent for record in world.traffic.records[before:]]
    assert set(_former(world)) == {NEW}, "it was left at leisure, judged step by step"


def test_a_clock_that_was_set_back_does_not_make_the_window_longer() -> None:
    world = released()
    world.clock.epoch_s -= 2 * WINDOW_S
    before = len(world.traffic.records)
    assert world.outcome(WINDOW, OLD, "r2") == "Succeeded"
    assert 10 in [record.weight_percent for record in world.traffic.records[before:]]


def test_without_a_window_every_release_is_judged() -> None:
    world = released()
    before = len(world.traffic.records)
    assert world.outcome(PLAN, OLD, "r2") == "Succeeded"
    assert 10 in [record.weight_percent for record in world.traffic.records[before:]]


def _former(world: World) -> dict[str, float]:
    return world.traffic.records[-1].former
