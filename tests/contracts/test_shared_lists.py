"""Lists of the API server and of Traefik's replicas, asked once for all who look together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.shared_lists import SharedLists, SharedReplicas
from canary.adapters.routes.traffic import TraefikPods
from canary.errors import ClusterError, TraefikError
from tests.contracts.crowd import at_once, results
from tests.contracts.pods import deployment
from tests.fakes.cluster import FakeCluster, Fault
from tests.fakes.replicas import FakeReplica

DEPLOYMENTS = "/apis/apps/v1/namespaces/test/deployments"
LISTS = "/apis/traefik.io/v1alpha1/namespaces/{}/traefikservices"
VERSION = "1111111111"
APPS = ("one", "one-more", "two", "three")
RUNS = 1000  # so many that others may join for as long as anybody may


def _bound(monkeypatch: pytest.MonkeyPatch, longest_s: float) -> None:
    """How long others may join at most."""
    for name in ("LONGEST_S", "TRAEFIK_LONGEST_S"):
        monkeypatch.setattr(f"canary.adapters.routes.shared_lists.{name}", longest_s)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    _bound(monkeypatch, 0.3)
    with FakeCluster() as server:
        for app in APPS:
            server.put(DEPLOYMENTS, deployment(VERSION, 1, app=app))
        yield server


def listed(cluster: Cluster, app: str) -> list[str]:
    return [body["metadata"]["name"] for body in cluster.list_app(DEPLOYMENTS, app)]


def fellow(server: FakeCluster, runs: int = RUNS) -> Cluster:
    cluster = server.connect()
    return cluster.fellow(SharedLists(cluster, lambda: runs))


OWN = [[f"{app}-{VERSION}"] for app in APPS]


def test_who_looks_together_asks_once_and_gets_its_own(server: FakeCluster) -> None:
    cluster = fellow(server)
    assert results(at_once(lambda app: listed(cluster, app), APPS)) == OWN
    assert len(server.calls) == 1


def test_a_run_that_is_alone_asks_for_itself(server: FakeCluster) -> None:
    assert listed(fellow(server, runs=1), "two") == [f"two-{VERSION}"]
    assert "in%20" not in server.calls[-1]


@pytest.mark.parametrize(("runs", "longest_s", "least_s"), [(2, 5.0, 0.0), (50_000, 0.3, 0.3)])
def test_the_more_runs_the_longer_others_may_join_but_not_for_long(
    server: FakeCluster,
    monkeypatch: pytest.MonkeyPatch,
    runs: int,
    longest_s: float,
    least_s: float,
) -> None:
    _bound(monkeypatch, longest_s)
    cluster, shared = fellow(server, runs), replicas(server, runs)
    FakeReplica(server, "a")
    for look in (lambda: listed(cluster, "two"), lambda: shared("test", "two")):
        began_s = time.monotonic()
        look()
        assert least_s <= time.monotonic() - began_s < 5.0


def test_an_app_without_objects_has_none(server: FakeCluster) -> None:
    assert listed(fellow(server), "four") == []


def test_a_server_that_is_busy_fails_all_and_is_not_asked_by_each(server: FakeCluster) -> None:
    server.faults.append(Fault(status=503, times=3))
    cluster = fellow(server)
    for one in at_once(lambda app: listed(cluster, app), APPS):
        error = one.exception()
        assert isinstance(error, ClusterError)
        assert (error.retryable, error.status) == (True, 503)
    assert len(server.calls) == 3  # as often as any read is repeated


def test_what_is_refused_to_all_is_asked_by_each(server: FakeCluster) -> None:
    server.faults.append(Fault(status=403))
    cluster = fellow(server)
    assert results(at_once(lambda app: listed(cluster, app), APPS)) == OWN


def route(server: FakeCluster, namespace: str, app: str) -> None:
    member = {"kind": "Service", "name": f"{app}-{VERSION}", "port": 80, "weight": 100}
    spec = {"weighted": {"services": [member]}}
    server.put(LISTS.format(namespace), {"metadata": {"name": app}, "spec": spec})


def replicas(server: FakeCluster, runs: int = RUNS) -> SharedReplicas:
    cluster, pods = server.connect(), TraefikPods(namespace="traefik")
    return SharedReplicas(lambda: pods.endpoints(cluster), lambda: runs)


def test_each_replica_is_asked_once_and_each_run_sees_its_app(server: FakeCluster) -> None:
    for pod in ("a", "b"):
        FakeReplica(server, pod)
    places = [("test", "one"), ("test", "two"), ("other", "one")]
    for namespace, app in places:
        route(server, namespace, app)
    shared = replicas(server)
    found = results(at_once(lambda place: shared(*place), places))
    for (namespace, app), answers in zip(places, found, strict=True):
        assert [one.name for one in answers] == [f"Traefik (pod traefik/{pod})" for pod in "ab"]
        for one in answers:
            names = {service["name"] for service in one.services}
            assert f"{namespace}-{app}@kubernetescrd" in names
            assert all(name.startswith(f"{namespace}-{app}") for name in names)
    asked = [call for call in server.calls if "/proxy/" in call]
    assert len(asked) == 4  # two replicas, about two namespaces


def searches(server: FakeCluster) -> list[str]:
    """What the replicas were asked for."""
    calls = (urlsplit(call.partition(" ")[2]) for call in server.calls if "/proxy/" in call)
    return [parse_qs(call.query)["search"][0] for call in calls]


def test_one_app_is_asked_for_by_its_name_and_several_by_their_namespaces(
    server: FakeCluster,
) -> None:
    FakeReplica(server, "a")
    shared = replicas(server)
    shared("test", "two")
    results(at_once(lambda app: shared("test", app), APPS))
    assert searches(server) == ["test-two", "test-"]


def test_no_app_sees_what_is_of_another_namespace_and_each_what_is_its_own(
    server: FakeCluster,
) -> None:
    FakeReplica(server, "a")
    for namespace, app in (("test", "one-more"), ("test", "two"), ("two-test", "two")):
        route(server, namespace, app)
    shared = replicas(server)
    found = results(at_once(lambda app: shared("test", app), ("one-more", "two", "three")))
    named = [{service["name"] for service in one.services} for (one,) in found]
    assert named[0] >= {"test-one-more@kubernetescrd"}
    assert named[1] >= {"test-two@kubernetescrd"}
    assert not [name for name in named[1] if not name.startswith("test-two")]
    assert named[2] == set()


def test_a_replica_is_asked_once_for_however_many_apps(server: FakeCluster) -> None:
    FakeReplica(server, "a")
    shared = replicas(server)
    results(at_once(lambda number: shared("test", f"app{number}"), range(20)))
    assert searches(server) == ["test-"]


def test_a_replica_that_fails_is_everybodys_trouble_and_named(server: FakeCluster) -> None:
    FakeReplica(server, "a").status = 500
    route(server, "test", "one")
    shared = replicas(server)
    for one in at_once(lambda app: shared("test", app), APPS):
        error = one.exception()
        assert isinstance(error, TraefikError)
        assert "pod traefik/a" in str(error)
