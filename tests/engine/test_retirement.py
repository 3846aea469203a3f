"""A version goes only when nothing routes to it any more."""

from __future__ import annotations

import pytest

from canary import engine
from canary.errors import ClusterError, StillServing
from tests.engine.world import NEW, OLD, World


def test_the_serving_version_stays() -> None:
    world = World()
    with pytest.raises(StillServing, match=f"version {OLD} still has the traffic of the apex"):
        engine.retire(OLD, 10.0, world.ports)


def test_a_version_with_any_weight_stays() -> None:
    world = World()
    world.fleet.scale(NEW, 2)
    world.clock.advance(5.0)
    world.traffic.edited({OLD: 90, NEW: 10})
    with pytest.raises(StillServing, match="still has 10 % of the traffic: release another one"):
        engine.retire(NEW, 10.0, world.ports)


def test_a_version_that_a_replica_still_routes_to_stays() -> None:
    world = World()
    world.traffic.frozen = True
    world.fleet.scale(NEW, 2)
    world.clock.advance(5.0)
    assert world.traffic.record is not None
    world.traffic.routed = ({OLD: 90, NEW: 10}, {OLD: 100})
    with pytest.raises(StillServing, match="a replica of Traefik still routes"):
        engine.retire(NEW, 10.0, world.ports)


def test_the_old_version_goes_once_its_requests_have_drained() -> None:
    world = World()
    world.release()
    began_s = world.clock.now_s()
    engine.retire(OLD, 10.0, world.ports)
    assert world.clock.now_s() == began_s, "the run has drained already"
    engine.retire(OLD, 30.0, world.ports)
    assert 0 < world.clock.now_s() - began_s < 30
    assert "draining" in world.journal.lines[-1][1]


def test_without_a_route_there_is_nothing_to_wait_for() -> None:
    world = World()
    world.traffic.clear()
    world.apex.point_to("")
    engine.retire(OLD, 10.0, world.ports)


def test_an_unanswering_api_server_is_waited_for() -> None:
    world = World()
    world.release()
    world.apex.faults.extend([ClusterError("no answer", retryable=True)] * 3)
    engine.retire(OLD, 10.0, world.ports)
