"""What an earlier driver left when it died is put right before anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.record import BASELINE, Phase, Record
from tests.core.timeline import PLAN
from tests.engine.world import NEW, OLD, OWNER, World
from tests.fakes.router import FakeRouter


def left(phase: Phase = Phase.PROGRESSING, weight_percent: int = 30) -> Record:
    return Record(
        owner=OWNER,
        run="r0",
        phase=phase,
        primary=OLD,
        canary=NEW,
        weight_percent=weight_percent,
        images={OLD: "podinfo:a", NEW: "podinfo:b"},
    )


def leave(world: World, record: Record) -> None:
    world.fleet.scale(NEW, 2)
    world.clock.advance(5.0)
    world.traffic.taken_over(record)
    world.clock.advance(5.0)


@pytest.mark.parametrize(
    ("phase", "weight"),
    [
        (Phase.PREPARING, 0),
        (Phase.PROGRESSING, 30),
        (Phase.PROMOTING, 100),
        (Phase.ROLLING_BACK, 0),
    ],
)
def test_an_unfinished_run_is_restored_then_begun_anew(phase: Phase, weight: int) -> None:
    world = World()
    leave(world, left(phase, weight))
    assert world.outcome() == "Succeeded"
    assert (
        f"repaired: run r0 ended in {phase} at {weight} %; all traffic is back on podinfo:a"
        in world.journal.transcript[0]
    )


def test_a_revert_after_a_death_only_repairs() -> None:
    world = World()
    leave(world, left())
    assert world.outcome(version=OLD) == "Failed"
    assert world.routed == {OLD: 100}
    assert world.journal.reports == []


def test_an_apex_flipped_too_early_is_flipped_back() -> None:
    world = World()
    leave(world, left(Phase.SOAKING, 100))
    world.apex.point_to(NEW)
    assert world.outcome(version=OLD) == "Failed"
    assert world.apex.selected == OLD


def test_only_a_foreign_apex_is_flipped_back() -> None:
    world = World()
    world.fleet.scale(NEW, 2)
    world.clock.advance(5.0)
    world.apex.point_to(NEW)
    world.outcome(version=OLD)
    assert "the apex Service named another version" in world.journal.transcript[0]
    assert world.apex.selected == OLD


def test_weights_edited_at_rest_are_put_back() -> None:
    world = World()
    world.fleet.scale(NEW, 2)
    world.traffic.edited({OLD: 50, NEW: 50})
    world.outcome(version=OLD)
    assert "repaired: the weights were changed" in world.journal.transcript[0]
    assert world.routed == {OLD: 100}


@pytest.mark.parametrize("wanted", [OLD, NEW])
def test_nothing_is_restored_to_a_primary_without_pods(wanted: str) -> None:
    """Only the canary serves: it is kept, whatever is asked for."""
    world = World()
    leave(world, left())
    world.fleet.versions[OLD].ready = 0
    text = world.outcome(version=wanted)
    assert (
        "the only version with ready pods is kept as primary: podinfo:b"
        in (world.journal.transcript[0])
    )
    assert world.routed == {NEW: 100}
    if wanted == NEW:
        assert text == "Succeeded"


def test_a_route_of_another_stack_is_not_touched() -> None:
    world = World()
    assert world.traffic.record is not None
    foreign = replace(world.traffic.record, owner="somebody")
    world.traffic.taken_over(foreign)
    assert "belongs to another stack" in world.outcome()
    assert world.traffic.record == foreign


def test_the_leftovers_of_a_killed_first_deploy_are_adopted() -> None:
    world = World(first=True)
    world.traffic.change(replace(left(Phase.PREPARING, 0), primary=""))
    assert world.outcome() == "Succeeded"
    assert world.routed == {NEW: 100}


@pytest.mark.parametrize("wanted", [OLD, NEW])
def test_a_route_deleted_at_rest_leads_to_whom_the_apex_names_before_anything_else(
    wanted: str,
) -> None:
    world = World()
    world.traffic.clear()
    name = "podinfo:a" if wanted == OLD else OLD
    assert world.outcome(version=wanted) == ("Failed" if wanted == OLD else "Succeeded")
    said = f"repaired: the TraefikService was deleted; all traffic is back on {name}"
    assert said in world.journal.transcript[0]
    assert world.routed == {wanted: 100}
    if wanted == NEW:  # judged like any other
        assert [step.weight_percent for step in world.report.steps] == [10, 50, 100]


@pytest.mark.parametrize("selected", ["", "6.9.2", "cccccccccc"])
def test_without_a_route_a_selector_that_names_no_version_of_ours_tells_nothing(
    selected: str,
) -> None:
    world = World()
    world.traffic.clear()
    world.apex.selected = selected
    assert world.outcome() == "Succeeded"
    assert "first version is ready" in world.journal.transcript[-1]
    assert world.routed == {NEW: 100}


def test_without_a_route_nothing_is_routed_to_a_version_without_pods() -> None:
    world = World()
    world.traffic.clear()
    world.fleet.versions[OLD].ready = 0
    assert world.outcome() == "Succeeded"
    assert world.routed == {NEW: 100}
    assert not any(OLD in dict(record.members) for record in world.traffic.records[1:])


def test_a_baseline_that_was_left_without_a_route_is_taken_away() -> None:
    world = World()
    world.traffic.clear()
    world.fleet.copy(OLD, 1, "r0")
    assert world.outcome(version=OLD) == "Failed"
    assert BASELINE not in world.fleet.versions
    assert world.traffic.record is not None
    assert not world.traffic.record.baseline


def test_an_apex_without_a_selector_gets_it_back() -> None:
    world = World()
    world.apex.selected = ""
    assert world.outcome(version=OLD) == "Failed"
    assert "repaired: the apex Service names no version" in world.journal.transcript[0]
    assert world.apex.selected == OLD


def test_the_next_update_puts_the_number_of_pods_right() -> None:
    """Somebody scaled the primary while the run was on; the failed canary goes with Pulumi."""
    world = World()
    leave(world, left())
    world.fleet.versions[OLD].resize(1, world.clock.now_s())
    assert world.outcome(version=OLD) == "Failed"
    assert world.fleet.versions[OLD].replicas == PLAN.replicas


@pytest.mark.parametrize("wanted", [OLD, NEW])
def test_the_old_versions_deployment_deleted_by_hand_is_said_and_nothing_goes_back_to_it(
    wanted: str,
) -> None:
    world = World()
    world.traffic.deployed = None  # its Services are still there, so lists may name it
    world.at(15.0, lambda: world.fleet.versions.pop(OLD))
    world.at(16.0, world.driver.interrupt)
    assert world.outcome().endswith(
        "interrupted; the weights stay, because the primary has no ready pod: "
        "its Deployment does not exist"
    )
    assert world.traffic.plain == {OLD: 50, NEW: 50}
    world.driver.interrupted_at_s = None
    world.outcome(version=wanted, run="r2")
    kept = "the only version with ready pods is kept as primary: podinfo:b"
    assert any(kept in line for line in world.journal.transcript)
    assert world.traffic.plain == {NEW: 100}
    assert world.apex.selected == NEW


def test_pods_that_callers_inside_the_cluster_are_led_to_are_not_stopped() -> None:
    """Without a route, a version that serves and has no ready pods is the first one again."""
    world = World()
    world.traffic.clear()
    world.fleet.versions[OLD].ready = 0
    text = world.outcome(version=OLD)
    assert "not ready within" in text
    assert (OLD, 0) not in world.fleet.scaled
    said = "could not tidy up: callers inside the cluster are still led to the canary"
    assert said in world.journal.transcript[-1]


def test_a_version_that_only_the_apex_names_is_kept_when_it_alone_has_pods() -> None:
    """Whoever wrote the record last did not know of it."""
    world = World()
    world.fleet.scale(NEW, 2)
    world.clock.advance(5.0)
    world.apex.point_to(NEW)
    world.fleet.versions[OLD].ready = 0
    assert world.outcome() == "Succeeded"
    assert "the only version with ready pods is kept as primary" in world.journal.transcript[0]
    assert world.routed == {NEW: 100}


def test_callers_inside_the_cluster_stay_when_the_survivor_loses_its_pods() -> None:
    world = World()
    leave(world, left())
    world.apex.point_to(NEW)

    class Losing(FakeRouter):
        """The primary's pods are gone once the lists are written."""

        def write(self, record: Record) -> None:
            super().write(record)
            world.fleet.versions[OLD].ready = 0
            world.router = FakeRouter

    world.router = Losing
    world.outcome(version=OLD)
    assert world.apex.selected == NEW
    assert world.routed == {OLD: 100}


def test_a_first_version_whose_route_is_deleted_gives_up_and_blames_no_primary() -> None:
    world = World(first=True)
    world.at(1.0, world.traffic.clear)
    text = world.outcome()
    assert text.startswith("Rejected: ")
    assert "the TraefikService of bbbbbbbbbb was deleted; nothing serves yet" in text
    assert "primary" not in text
    assert world.fleet.versions[NEW].replicas == 0
