"""How old a pod is, is told by the clock of the server that wrote when it was made."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from canary.adapters import http
from canary.adapters.clock import SystemClock
from canary.adapters.cluster.kubeconfig import Source
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.pods.fleet import ClusterFleet
from canary.adapters.process.heartbeat import LeaseKeeper, Pace
from canary.adapters.process.lease import LeaseHolders
from canary.core.holding import renewed
from tests.contracts.claiming import claim_of
from tests.contracts.pods import NOW_S, deployment, pod
from tests.fakes.cluster import FakeCluster

V = "aaaaaaaaaa"
YEAR_S = 365 * 86_400.0
CORE, APPS = "/api/v1/namespaces/test", "/apis/apps/v1/namespaces/test"


class Server:
    """The fake server's objects, under a clock of its own; 0.0: it does not say what time it is."""

    def __init__(self, fake: FakeCluster) -> None:
        self.at_s = NOW_S
        self.fake = fake

    def __call__(self, request: http.Request) -> http.Response:
        target = request.url.raw_path.decode()
        headers = {key.title(): value for key, value in request.headers.items()}
        status, value = self.fake.answer(request.method, target, headers, request.content)
        now = format_datetime(datetime.fromtimestamp(self.at_s, UTC), usegmt=True)
        return http.Response(status, json=value, headers={"Date": now} if self.at_s else {})


@pytest.fixture
def server() -> Iterator[Server]:
    with FakeCluster() as fake:
        yield Server(fake)


def cluster_of(server: Server) -> Cluster:
    login = Source(text=server.fake.kubeconfig()).login()
    return Cluster(login, transport=http.MockTransport(server))


def test_this_machines_clock_may_be_years_off(server: Server) -> None:
    """A pod that is five seconds old holds a run, and is not held against its version."""
    server.fake.put(f"{APPS}/deployments", deployment(V, 1))
    server.fake.put(f"{CORE}/pods", pod(V, ready=False, age_s=5.0))
    cluster = cluster_of(server)
    fleet = ClusterFleet(
        cluster,
        app="podinfo",
        namespace="test",
        owner="me",
        wall_s=cluster.wall_s,
        claim=claim_of(cluster),
    )
    assert abs(time.time() - NOW_S) > YEAR_S
    assert fleet.pods()[V].settling
    server.at_s += 60.0
    cluster.read("/api/v1/namespaces/test/pods/pod")
    assert not fleet.pods()[V].settling


def test_between_two_answers_time_goes_on_without_the_wall_clock(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = cluster_of(server)
    cluster.list_(f"{CORE}/pods")
    monkeypatch.setattr(SystemClock, "wall_s", lambda _: 0.0)
    assert NOW_S <= cluster.wall_s() < NOW_S + 60.0


@pytest.mark.parametrize("silent", [True, False], ids=["says-nothing", "was-not-asked"])
def test_who_is_not_told_goes_by_this_machine(server: Server, *, silent: bool) -> None:
    server.at_s = 0.0
    cluster = cluster_of(server)
    if silent:
        cluster.list_(f"{CORE}/pods")
    assert cluster.wall_s() == pytest.approx(time.time(), abs=5.0)


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Nov 9999999 00:00:00 GMT"])
def test_nonsense_is_no_time(date: str) -> None:
    assert http.sent_at(http.Response(200, headers={"Date": date})) is None


def test_a_lease_is_a_sign_of_life_whatever_the_holders_clock_says(server: Server) -> None:
    """Set back by an hour, then ahead: who looks sees that it changes, and compares no clocks."""
    wall_s = iter((NOW_S, NOW_S + 2.0, NOW_S - 3600.0, NOW_S + 7200.0))
    pace = Pace(boot_s=lambda: 0.0, wall_s=lambda: next(wall_s), every_s=3600.0)
    keeper = LeaseKeeper(lambda: cluster_of(server), namespace="test", owner="me", pace=pace)
    holders = LeaseHolders(cluster_of(server))
    reference = keeper.vouch("r1")  # asks the time twice: since when, and now
    signs = [holders.sign(reference, "r1")]
    for _ in range(2):
        keeper.vouch("r1")
        signs.append(holders.sign(reference, "r1"))
    assert all(renewed(before, now) for before, now in itertools.pairwise(signs))
    keeper.dismiss("r1")
