"""Weights are raised in turn with other runs; nothing else ever waits for them."""

from __future__ import annotations

from dataclasses import replace

from canary.core.record import Phase
from tests.engine.world import BAD, NEW, OLD, World

BEGUN_S = 60.0  # when a world's release begins
NEVER_S = 10_000.0  # longer than any run may take
FREE_S = 0.0


def moved_at(world: World, weight: int) -> float:
    """When users first were with the canary at this weight."""
    return next(at_s for at_s, weights in world.history if weights.get(NEW) == weight)


def told_at(world: World, phase: Phase) -> float:
    return next(e.at_s for e in world.journal.entries if e.record.phase is phase)


def waits(world: World) -> list[str]:
    return [line for _, line in world.journal.lines if "written together" in line]


def released(turns_s: list[float] | None = None) -> World:
    world = World()
    world.clock.turns_s = turns_s or []
    assert world.outcome() == "Succeeded"
    return world


def test_a_weight_is_raised_when_its_turn_has_come_and_never_before() -> None:
    alone = released()
    due_s = moved_at(alone, 10) + 1.7
    together = released([due_s])
    assert due_s <= moved_at(together, 10) < due_s + 0.2
    assert waits(together)
    assert not waits(alone)


def test_the_switch_of_the_primary_has_its_turn_too() -> None:
    due_s = told_at(released(), Phase.SUCCEEDED) + 1.7
    together = released([FREE_S, FREE_S, FREE_S, due_s])
    assert due_s <= told_at(together, Phase.SUCCEEDED) < due_s + 1.2
    assert moved_at(together, 100) == moved_at(released(), 100)


def test_a_version_that_turns_bad_while_it_waits_is_rolled_back_no_later() -> None:
    seconds = []
    for turns_s in ([], [FREE_S, NEVER_S]):
        world = World(new=replace(BAD, since_s=BEGUN_S + 11.0))  # in the bake of the first weight
        world.clock.turns_s = turns_s
        assert world.outcome().startswith("Rejected")
        assert world.routed == {OLD: 100}
        seconds.append(told_at(world, Phase.FAILED))
    assert seconds[1] <= seconds[0]


def test_a_pod_that_dies_while_its_run_waits_is_noticed() -> None:
    world = World()
    world.clock.turns_s = [FREE_S, NEVER_S]
    world.at(40.0, lambda: setattr(world.fleet.versions[NEW], "ready", 0))
    assert world.outcome().startswith("Rejected")
    assert waits(world)
    assert told_at(world, Phase.ROLLING_BACK) < BEGUN_S + 45.0
    assert world.routed == {OLD: 100}


def test_an_interrupted_run_restores_without_its_turn() -> None:
    world = World()
    world.clock.turns_s = [FREE_S, NEVER_S]
    world.at(40.0, world.driver.interrupt)
    assert world.outcome().startswith("Interrupted")
    assert waits(world)
    assert told_at(world, Phase.FAILED) < BEGUN_S + 42.5
    assert world.routed == {OLD: 100}


def test_a_dead_primary_is_replaced_without_waiting() -> None:
    world = World()
    world.clock.turns_s = [NEVER_S]
    world.fleet.versions[OLD].ready = 0
    assert world.outcome() == "Succeeded"
    assert not waits(world)
