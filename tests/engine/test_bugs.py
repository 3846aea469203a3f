"""A bug in the engine: traffic ends on the primary, and the traceback is kept."""

from __future__ import annotations

import pytest

from canary.core.record import Phase
from canary.errors import ClusterError
from tests.engine.world import BAD, OLD, World, refuse

DOWN = ClusterError("the API server did not answer", retryable=True)


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


def test_a_bug_while_preparing_closes_the_run() -> None:
    world = World()

    def plant() -> None:
        raise ZeroDivisionError("a bug")

    world.at(1.0, plant)
    with pytest.raises(ZeroDivisionError):
        world.release()
    assert world.traffic.record is not None
    assert world.traffic.record.phase is Phase.FAILED
    assert world.report.reason == (
        "podinfo:b: ZeroDivisionError in the engine; podinfo:a kept all traffic"
    )


def test_a_bug_while_preparing_is_told_though_nothing_can_be_written() -> None:
    world = World()

    def plant() -> None:
        world.traffic.faults.extend([DOWN] * 500)
        raise ZeroDivisionError("a bug")

    world.at(1.0, plant)
    with pytest.raises(ZeroDivisionError) as caught:
        world.release()
    assert not hasattr(caught.value, "__notes__")
    assert world.report.reason.endswith("podinfo:a kept all traffic")


def test_a_bug_at_the_last_step_is_restored_too() -> None:
    """The apex is flipped, the record not yet written."""
    world = World()
    refuse(world, Phase.SUCCEEDED, ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        world.release()
    assert world.routed == {OLD: 100}
    assert world.apex.selected == OLD


def test_a_bug_while_the_pods_cannot_be_seen_goes_by_what_was_last_seen() -> None:
    world = World()

    def plant() -> None:
        world.fleet.faults.append(ClusterError("forbidden", status=403))
        raise ZeroDivisionError("a bug")

    world.at(15.0, plant)
    with pytest.raises(ZeroDivisionError):
        world.release()
    assert world.routed == {OLD: 100}


def test_a_bug_after_the_run_was_closed_writes_nothing_more() -> None:
    world = World(new=BAD)
    scale = world.fleet.scale

    def buggy(version: str, replicas: int) -> None:
        if replicas == 0:
            raise ZeroDivisionError("a bug")
        scale(version, replicas)

    world.fleet.scale = buggy  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        world.release()
    assert world.routed == {OLD: 100}
    assert [record.phase for record in world.traffic.records][-2:] == [
        Phase.ROLLING_BACK,
        Phase.FAILED,
    ]
