"""What becomes of a run when the API server fails, a write is lost, or the engine has a bug."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.errors import ClusterError, ConflictError, PortError
from tests.core.timeline import PLAN
from tests.engine.world import BAD, NEW, OLD, World

DOWN = ClusterError("the API server did not answer", retryable=True)


@pytest.mark.parametrize("at_s", [0.0, 1.0, 2.0, 5.0, 12.0, 15.0, 22.5, 25.0, 32.5])
@pytest.mark.parametrize("faults", [1, 4])
def test_short_outages_of_the_api_server_are_waited_out(at_s: float, faults: int) -> None:
    world = World()
    world.at(at_s, lambda: world.traffic.faults.extend([DOWN] * faults))
    assert world.outcome() == "Succeeded"
    assert world.routed == {NEW: 100}


def test_a_lost_answer_of_a_write_is_no_conflict() -> None:
    world = World()
    world.at(5.0, lambda: setattr(world.traffic, "lost", 1))
    assert world.outcome() == "Succeeded"


def test_an_api_server_that_refuses_ends_the_run() -> None:
    """Forbidden does not heal; by the time of the restore it is allowed again."""
    world = World()
    forbidden = ClusterError("pods is forbidden (403)", status=403)
    world.at(15.0, lambda: world.fleet.faults.append(forbidden))
    assert world.outcome().startswith("Rejected: podinfo:b: pods is forbidden (403); all traffic")
    assert world.routed == {OLD: 100}


def test_a_refusal_while_preparing_touches_nothing() -> None:
    world = World()
    world.at(1.0, lambda: world.fleet.faults.append(ClusterError("forbidden", status=403)))
    assert world.outcome() == "Rejected: podinfo:b: forbidden; podinfo:a kept all traffic"
    assert world.routed == {OLD: 100}


def test_a_restore_is_tried_for_as_long_as_the_run_may_last() -> None:
    world = World(new=BAD)
    world.at(22.0, lambda: world.traffic.faults.extend([DOWN] * 500))
    text = world.outcome()
    assert "request-success-rate" in text
    assert text.endswith("all traffic is back on podinfo:a after 249.2 s")
    assert world.routed == {OLD: 100}


@pytest.mark.parametrize("why", [DOWN, ClusterError("forbidden (403)", status=403)])
def test_a_restore_that_cannot_be_written_is_said_beside_the_cause(why: ClusterError) -> None:
    world = World(new=BAD)
    world.at(22.0, lambda: world.traffic.faults.extend([why] * 9999))
    text = world.outcome(replace(PLAN, max_duration_s=120.0))
    assert text.endswith(f"; restoring failed: {why}")
    assert world.report.restore_s is None
    assert world.clock.now_s() < 60 + 120 + 15


def test_an_interrupted_run_does_not_try_for_ever() -> None:
    world = World()
    world.at(15.0, lambda: world.traffic.faults.extend([DOWN] * 9999))
    world.at(15.0, world.driver.interrupt)
    assert world.outcome().endswith("interrupted; restoring failed: the API server did not answer")
    assert world.clock.now_s() < 60 + 15 + 75


def test_a_shift_that_cannot_be_written_rolls_back() -> None:
    world = World()
    refused = ConflictError("somebody else wrote")
    world.at(2.0, lambda: setattr(world.traffic, "faults", []))

    def refuse() -> None:
        world.traffic.faults.append(refused)

    world.at(12.0, refuse)
    text = world.outcome()
    assert "somebody else wrote" in text
    assert world.routed == {OLD: 100}


def test_an_apex_that_cannot_be_flipped_rolls_back() -> None:
    world = World()
    world.at(30.0, lambda: world.apex.faults.append(ConflictError("the apex is not ours")))
    text = world.outcome()
    assert "the apex is not ours" in text
    assert world.routed == {OLD: 100}
    assert world.apex.selected == OLD


def test_a_canary_that_cannot_be_stopped_does_not_hide_the_reason() -> None:
    world = World(new=BAD)
    world.at(22.05, lambda: world.fleet.faults.extend([]))
    original = world.fleet.scale

    def scale(version: str, replicas: int) -> None:
        if replicas == 0:
            raise PortError("scaling is forbidden")
        original(version, replicas)

    world.fleet.scale = scale  # type: ignore[method-assign]
    assert "request-success-rate" in world.outcome()
    assert "could not tidy up: scaling is forbidden" in world.journal.transcript[-1]


def test_a_bug_in_the_engine_restores_and_keeps_its_traceback() -> None:
    world = World()

    def explode(_seconds: float) -> None:
        raise ZeroDivisionError("a bug")

    def plant() -> None:
        world.metrics.samples = explode  # type: ignore[assignment,method-assign]

    world.at(15.0, plant)
    with pytest.raises((ZeroDivisionError, TypeError)):
        world.release()
    assert world.routed == {OLD: 100}


def test_a_bug_and_a_dead_cluster_are_both_told() -> None:
    world = World()

    def plant() -> None:
        world.traffic.faults.extend([DOWN] * 500)
        raise ZeroDivisionError("a bug")

    world.at(15.0, plant)
    with pytest.raises(ZeroDivisionError) as caught:
        world.release()
    assert "restoring failed: the API server did not answer" in caught.value.__notes__[0]


def test_a_bug_while_only_the_canary_serves_leaves_the_weights() -> None:
    world = World()

    def plant() -> None:
        world.fleet.versions[OLD].ready = 0
        raise ZeroDivisionError("a bug")

    world.at(15.0, plant)
    with pytest.raises(ZeroDivisionError) as caught:
        world.release()
    assert "the weights stay" in caught.value.__notes__[0]
