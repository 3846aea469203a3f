"""How a process begins to vouch for runs, and what is left where it could not, or has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.process.heartbeat import LeaseHeartbeat, LeaseKeeper, Pace
from canary.errors import ClusterError
from tests.contracts.beating import LEASES, NEVER_S, Times, keeper_of, lease
from tests.contracts.crowd import at_once, results
from tests.e2e.waiting import await_
from tests.fakes.cluster import FakeCluster, Fault


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as fake:
        yield fake


def test_runs_that_begin_together_are_vouched_for_by_a_write_or_two(server: FakeCluster) -> None:
    keeper = keeper_of(server, Times())
    beats = [LeaseHeartbeat(keeper, f"r{number}") for number in range(12)]
    server.faults.append(Fault(method="POST", path="leases", hang_s=0.3))
    assert len(set(results(at_once(LeaseHeartbeat.begin, beats)))) == 1
    written = [call for call in server.calls if not call.startswith("GET")]
    assert len(written) <= 3
    assert set(lease(server)["metadata"]["annotations"]["canary.rollout/runs"].split()) == {
        beat.run for beat in beats
    }
    assert not any(beat.lapse() for beat in beats)
    for beat in beats:
        beat.close()
    assert server.objects.items(LEASES, "", "") == []


def test_who_could_not_begin_is_not_vouched_for_later(server: FakeCluster) -> None:
    keeper = keeper_of(server, Times())
    server.faults.append(Fault(method="POST", path="leases", status=403))
    with pytest.raises(ClusterError):
        LeaseHeartbeat(keeper, "r1").begin()
    other = LeaseHeartbeat(keeper, "r2")
    other.begin()
    assert lease(server)["metadata"]["annotations"]["canary.rollout/runs"] == "r2"
    other.close()


def test_who_found_no_connection_is_not_vouched_for_later(server: FakeCluster) -> None:
    refusals = [ClusterError("no login", retryable=True)]

    def connect() -> Cluster:
        if refusals:
            raise refusals.pop()
        return server.connect()

    keeper = LeaseKeeper(connect, namespace="test", owner="me", pace=Pace(every_s=NEVER_S))
    with pytest.raises(ClusterError, match="no login"):
        LeaseHeartbeat(keeper, "r1").begin()
    other = LeaseHeartbeat(keeper, "r2")
    other.begin()
    assert lease(server)["metadata"]["annotations"]["canary.rollout/runs"] == "r2"
    other.close()


def beating() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name == "heartbeat"}


def test_nothing_is_left_of_a_heartbeat_that_ended_or_never_began(server: FakeCluster) -> None:
    made: list[Cluster] = []
    others = beating()

    def connect() -> Cluster:
        made.append(server.connect())
        return made[-1]

    keeper = LeaseKeeper(connect, namespace="test", owner="me", pace=Pace(every_s=0.01))
    server.faults.append(Fault(method="POST", path="leases", status=403))
    heartbeat = LeaseHeartbeat(keeper, "r1")
    with pytest.raises(ClusterError):
        heartbeat.begin()
    heartbeat.begin()
    heartbeat.close()
    await_(lambda: beating() <= others, "the threads' end", 10)
    assert len(made) == 2
    for cluster in made:
        with pytest.raises(RuntimeError, match="has been closed"):
            cluster.find(LEASES)


def test_a_deployer_that_may_not_write_leases_is_told(server: FakeCluster) -> None:
    server.faults.append(Fault(method="POST", path="leases", status=403))
    heartbeat = LeaseHeartbeat(keeper_of(server, Times()), "r1")
    with pytest.raises(ClusterError, match="not permitted"):
        heartbeat.begin()
    assert not heartbeat.lapse()
    heartbeat.close()
