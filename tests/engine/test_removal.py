"""What is removed, what is left alone, and what is told about a route."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary import engine
from canary.core.record import Phase
from canary.errors import ClusterError
from tests.engine.test_holding import OTHER, other
from tests.engine.world import NEW, OLD, OWNER, World

DOWN = ClusterError("the API server did not answer", retryable=True)


def test_removing_leaves_neither_route_nor_selector() -> None:
    world = World()
    engine.remove(world.ports)
    assert world.traffic.record is None
    assert world.apex.selected == ""


def test_what_a_failed_first_deploy_made_is_removed() -> None:
    world = World(first=True)
    world.fleet.versions[NEW].start_s = float("inf")
    assert "nothing serves yet" in world.outcome()
    assert engine.abandon(OWNER, world.ports)
    assert world.traffic.record is None


def test_a_version_that_serves_is_not_abandoned() -> None:
    world = World()
    engine.abandon(OWNER, world.ports)
    assert world.routed == {OLD: 100}


def test_the_route_of_another_stack_is_not_abandoned() -> None:
    world = World()
    assert world.traffic.record is not None
    world.traffic.taken_over(replace(world.traffic.record, owner="somebody", primary=""))
    engine.abandon(OWNER, world.ports)
    assert world.traffic.record is not None


def test_abandoning_never_hides_why_the_deploy_failed() -> None:
    world = World(first=True)
    world.traffic.faults.append(DOWN)
    assert not engine.abandon(OWNER, world.ports)
    assert "could not tidy up: the API server did not answer" in world.journal.lines[-1][1]


def test_what_serves_is_told_with_its_damage() -> None:
    world = World()
    assert engine.live(world.ports) == {"primary": OLD, "damage": ""}
    assert world.traffic.record is not None
    half = replace(
        world.traffic.record, run="r9", phase=Phase.SOAKING, canary=NEW, weight_percent=100
    )
    world.traffic.taken_over(half)
    assert engine.live(world.ports)["damage"] == "run r9 ended in Soaking at 100 %"
    world.traffic.clear()
    assert engine.live(world.ports) == {"primary": OLD, "damage": "the TraefikService was deleted"}
    world.apex.point_to("")
    assert engine.live(world.ports) == {}
    world.traffic.faults.append(DOWN)
    with pytest.raises(ClusterError):
        engine.live(world.ports)


def test_of_a_run_that_somebody_carries_out_it_is_told_who_does() -> None:
    world = World()
    other(world)
    assert engine.live(world.ports) == {
        "primary": OLD,
        "held": (
            f"run r0 is under way: the holder of {OTHER} has held it since noon and is alive; "
            "nothing was touched"
        ),
    }


def test_where_there_is_no_route_only_the_selector_is_removed() -> None:
    world = World(first=True)
    world.apex.selected = NEW
    engine.remove(world.ports)
    assert world.apex.selected == ""
