"""The process's sign of life over a fake API server: what it writes, and when it is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from canary.adapters.process.heartbeat import LeaseHeartbeat, LeaseKeeper, Pace
from canary.adapters.process.lease import LeaseHolders
from canary.core.holding import renewed
from canary.errors import ClusterError, LapsedError
from tests.contracts.beating import LEASES, NEVER_S, Times, keeper_of, lease
from tests.fakes.cluster import FakeCluster, Fault


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as fake:
        yield fake


def test_a_run_is_vouched_for_before_it_begins_and_no_longer_than_it_lasts(
    server: FakeCluster,
) -> None:
    heartbeat = LeaseHeartbeat(keeper_of(server, Times()), "r1")
    assert heartbeat.lapse() == ""
    reference = heartbeat.begin()
    body = lease(server)
    assert reference == f"test/{body['metadata']['name']}"
    assert body["metadata"]["annotations"] == {
        "canary.rollout/owner": "me",
        "canary.rollout/runs": "r1",
    }
    assert body["spec"]["leaseDurationSeconds"] == 10
    assert body["spec"]["renewTime"] == "1970-01-01T00:16:40.000000Z"
    heartbeat.close()
    assert server.objects.items(LEASES, "", "") == []
    heartbeat.close()


def test_runs_of_one_process_share_a_lease_and_are_vouched_for_one_by_one(
    server: FakeCluster,
) -> None:
    times = Times()
    keeper = keeper_of(server, times)
    one, two = LeaseHeartbeat(keeper, "r1"), LeaseHeartbeat(keeper, "r2")
    reference = one.begin()
    assert two.begin() == reference
    assert lease(server)["metadata"]["annotations"]["canary.rollout/runs"] == "r1 r2"
    two.close()
    times.at_s += 1.0
    keeper._renew()
    holders = LeaseHolders(server.connect())
    assert holders.sign(reference, "r1").beat
    assert holders.sign(reference, "r1").holder.startswith("process ")
    assert not holders.sign(reference, "r2").beat
    assert not holders.sign("test/gone", "r1").beat
    one.close()


def test_every_renewal_changes_the_sign(server: FakeCluster) -> None:
    times = Times()
    keeper = keeper_of(server, times, every_s=0.02)
    heartbeat = LeaseHeartbeat(keeper, "r1")
    holders = LeaseHolders(server.connect())
    reference = heartbeat.begin()
    before = holders.sign(reference, "r1")
    times.at_s += 2.0
    for _ in range(200):
        if renewed(before, holders.sign(reference, "r1")):
            break
        threading.Event().wait(0.02)
    else:
        pytest.fail("the thread did not renew")
    heartbeat.close()


def test_a_loop_that_does_not_look_is_not_vouched_for(server: FakeCluster) -> None:
    times = Times()
    keeper = keeper_of(server, times)
    looking, hanging = LeaseHeartbeat(keeper, "r1"), LeaseHeartbeat(keeper, "r2")
    looking.begin()
    hanging.begin()
    for _ in range(8):
        times.at_s += 2.0
        looking.beat()
        keeper._renew()
    assert lease(server)["metadata"]["annotations"]["canary.rollout/runs"] == "r1"
    assert not looking.lapse()
    assert not hanging.lapse()
    times.at_s += 9.0
    assert hanging.lapse()
    looking.close()
    hanging.close()


def test_a_process_that_slept_wakes_up_lapsed_whichever_thread_runs_first(
    server: FakeCluster,
) -> None:
    times = Times()
    keeper = keeper_of(server, times)
    heartbeat = LeaseHeartbeat(keeper, "r1")
    reference = heartbeat.begin()
    before = LeaseHolders(server.connect()).sign(reference, "r1")
    times.at_s += 60.0
    written = len(server.calls)
    for first, second in ((keeper._renew, heartbeat.beat), (heartbeat.beat, keeper._renew)):
        first()
        second()
    assert heartbeat.lapse()
    assert len(server.calls) == written, "nobody is left to write for"
    assert not renewed(before, LeaseHolders(server.connect()).sign(reference, "r1"))
    heartbeat.close()


@pytest.mark.parametrize("renewals", [0, 1])
def test_a_renewal_counts_from_before_it_was_sent(server: FakeCluster, renewals: int) -> None:
    times = Times()

    def slow_s() -> float:
        times.at_s += 4.0
        return times.at_s

    pace = Pace(boot_s=times, wall_s=slow_s, every_s=NEVER_S)
    keeper = LeaseKeeper(server.connect, namespace="test", owner="me", pace=pace)
    heartbeat = LeaseHeartbeat(keeper, "r1")
    heartbeat.begin()
    for _ in range(renewals):
        heartbeat.beat()
        keeper._renew()
    times.at_s += 5.9
    assert not heartbeat.lapse()
    times.at_s += 0.1
    assert heartbeat.lapse()
    heartbeat.close()


def test_a_lapsed_driver_is_fenced_until_it_takes_its_run_up_again(server: FakeCluster) -> None:
    times = Times()
    heartbeat = LeaseHeartbeat(keeper_of(server, times), "r1")
    cluster = server.connect()
    cluster.fence(heartbeat.demand)
    collection = "/api/v1/namespaces/test/configmaps"
    body = {"metadata": {"name": "one"}}
    cluster.create(collection, body)
    heartbeat.begin()
    calls = len(server.calls)
    heartbeat.resume()
    assert len(server.calls) == calls, "there was nothing to take up again"
    times.at_s += 10.0
    path = f"{collection}/one"
    for write in (
        lambda: cluster.create(collection, {"metadata": {"name": "two"}}),
        lambda: cluster.replace(path, body),
        lambda: cluster.patch(path, {"data": {"a": "b"}}),
        lambda: cluster.delete(path),
    ):
        with pytest.raises(LapsedError, match="nothing more is written: this driver could not"):
            write()
    assert cluster.read(path)["metadata"]["name"] == "one"
    heartbeat.resume()
    assert not heartbeat.lapse()
    cluster.delete(path)
    heartbeat.close()


def test_a_renewal_whose_answer_is_lost_or_whose_lease_is_deleted_is_repeated(
    server: FakeCluster,
) -> None:
    times = Times()
    keeper = keeper_of(server, times)
    heartbeat = LeaseHeartbeat(keeper, "r1")
    server.faults.append(Fault(method="POST", path="leases", drop="after"))
    with pytest.raises(ClusterError):
        heartbeat.begin()
    heartbeat.begin()
    server.faults.append(Fault(method="PUT", path="leases", drop="after"))
    times.at_s += 1.0
    with pytest.raises(ClusterError):
        keeper._renew()
    times.at_s += 2.0
    keeper._renew()
    assert lease(server)["spec"]["renewTime"].startswith("1970-01-01T00:16:43")
    server.objects.delete(f"{LEASES}/{heartbeat.begin().partition('/')[2]}", {})
    times.at_s += 3.0
    keeper._renew()
    assert lease(server)["spec"]["renewTime"].startswith("1970-01-01T00:16:46")
    heartbeat.close()


def test_an_api_server_that_is_away_lets_the_lease_run_out_and_resuming_says_so(
    server: FakeCluster,
) -> None:
    times = Times()
    heartbeat = LeaseHeartbeat(keeper_of(server, times, every_s=0.01), "r1")
    heartbeat.begin()
    server.faults.append(Fault(path="leases", status=503, times=100_000))
    for _ in range(10):
        assert not heartbeat.lapse()
        times.at_s += 1.0
        heartbeat.beat()  # which is no renewal
    assert heartbeat.lapse()
    with pytest.raises(ClusterError) as caught:
        heartbeat.resume()
    assert caught.value.retryable
    assert heartbeat.lapse()
    server.faults.clear()
    heartbeat.resume()
    assert not heartbeat.lapse()
    heartbeat.close()
