"""A version's Service that somebody deletes under a run, as the Fleet tells of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary.adapters.pods.fleet import ClusterFleet
from canary.core.seen import Pods
from canary.errors import ClusterError
from tests.contracts.claiming import claim_of
from tests.contracts.pods import NOW_S, deployment, pod
from tests.fakes.cluster import FakeCluster, Fault

V = "aaaaaaaaaa"
CORE = "/api/v1/namespaces/test"
READY = Pods(wanted=1, existing=1, ready=1)
NAMES = (f"podinfo-{V}", f"podinfo-{V}-fallback")


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as fake:
        fake.put("/apis/apps/v1/namespaces/test/deployments", deployment(V, 1))
        fake.put(f"{CORE}/pods", pod(V))
        for name in ("podinfo", *NAMES):
            make(fake, name)
        yield fake


def make(server: FakeCluster, name: str) -> None:
    metadata = {"name": name, "labels": {"app.kubernetes.io/name": "podinfo"}}
    server.put(f"{CORE}/services", {"metadata": metadata, "spec": {}})


def fleet(server: FakeCluster) -> ClusterFleet:
    cluster = server.connect()
    return ClusterFleet(
        cluster,
        app="podinfo",
        namespace="test",
        owner="me",
        wall_s=lambda: NOW_S,
        claim=claim_of(cluster),
    )


@pytest.mark.parametrize("name", NAMES)
def test_pods_whose_service_was_deleted_are_ready_for_nobody(
    server: FakeCluster, name: str
) -> None:
    looking = fleet(server)
    assert looking.pods()[V] == READY
    server.objects.delete(f"{CORE}/services/{name}", {})
    pods = looking.pods()[V]
    assert (pods.ready, pods.trouble) == (0, f"its Service {name} was deleted")
    make(server, name)
    assert looking.pods()[V] == READY


def test_a_service_that_was_not_there_yet_is_no_loss(server: FakeCluster) -> None:
    for name in NAMES:
        server.objects.delete(f"{CORE}/services/{name}", {})
    looking = fleet(server)
    assert looking.pods()[V] == READY
    assert looking.pods()[V] == READY


def test_the_apex_is_no_versions_service(server: FakeCluster) -> None:
    looking = fleet(server)
    looking.pods()
    server.objects.delete(f"{CORE}/services/podinfo", {})
    assert looking.pods()[V] == READY


def test_who_may_not_list_services_goes_by_the_pods(server: FakeCluster) -> None:
    server.faults.append(Fault(method="GET", path="/services?", status=403, times=9))
    assert fleet(server).pods()[V] == READY


def test_an_api_server_that_is_busy_is_no_deletion(server: FakeCluster) -> None:
    looking = fleet(server)
    looking.pods()
    server.faults.append(Fault(method="GET", path="/services?", status=503, times=3))
    with pytest.raises(ClusterError, match="busy or failing"):
        looking.pods()
    assert looking.pods()[V] == READY
