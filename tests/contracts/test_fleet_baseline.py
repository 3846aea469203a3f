"""A version's fresh copy: what every Fleet promises, and what the adapter's objects say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from canary.core.record import BASELINE
from canary.core.seen import Pods
from canary.errors import ClusterError, ConflictError
from canary.ports import Fleet
from tests.contracts.pods import deployment, pod
from tests.contracts.test_fleet import DEPLOYMENTS, PODS, V, adapter
from tests.fakes.cluster import FakeCluster, Fault
from tests.fakes.fleet import FakeFleet

SERVICES = "/api/v1/namespaces/test/services"
NAME = "podinfo-baseline"
UID = "c0ffee"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


class World(Protocol):
    def fleet(self) -> Fleet: ...
    def deploy(self, version: str, ready: int) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self._fleet = FakeFleet()

    def fleet(self) -> Fleet:
        return self._fleet

    def deploy(self, version: str, ready: int) -> None:
        self._fleet.deploy(version, replicas=ready)


class ApiWorld:
    def __init__(self, server: FakeCluster) -> None:
        self._server = server

    def fleet(self) -> Fleet:
        return adapter(self._server)

    def deploy(self, version: str, ready: int) -> None:
        labels = {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/version": version}
        body = deployment(version, ready)
        body["spec"] |= {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": {**labels, "team": "web"}, "annotations": {"a": "b"}},
                "spec": {"containers": [{"name": "podinfo", "image": "podinfo:1"}]},
            },
        }
        self._server.put(DEPLOYMENTS, body)
        port = {"name": "http", "port": 80, "targetPort": 9898, "protocol": "TCP", "nodePort": 3}
        spec = {"type": "ClusterIP", "clusterIP": "10.0.0.9", "selector": labels, "ports": [port]}
        metadata = {"name": f"podinfo-{version}", "labels": labels}
        self._server.put(SERVICES, {"metadata": metadata, "spec": spec})


@pytest.fixture(params=["fake", "api"])
def world(request: pytest.FixtureRequest, server: FakeCluster) -> World:
    made: World = FakeWorld() if request.param == "fake" else ApiWorld(server)
    made.deploy(V, 3)
    return made


@pytest.fixture
def api(server: FakeCluster) -> FakeCluster:
    ApiWorld(server).deploy(V, 3)
    return server


def body(server: FakeCluster, collection: str) -> Any:
    return server.objects.read(f"{collection}/{NAME}")


def test_it_is_told_as_a_version_and_gone_when_discarded(world: World) -> None:
    fleet = world.fleet()
    fleet.copy(V, 2, "r1")
    assert fleet.pods()[BASELINE].wanted == 2
    fleet.scale(BASELINE, 4)
    assert fleet.pods()[BASELINE].wanted == 4
    fleet.discard("r1")
    assert set(fleet.pods()) == {V}
    fleet.discard("r1")


def test_to_make_it_once_more_changes_nothing(world: World) -> None:
    fleet = world.fleet()
    fleet.copy(V, 2, "r1")
    fleet.scale(BASELINE, 4)
    fleet.copy(V, 2, "r1")
    assert fleet.pods()[BASELINE].wanted == 4


def test_another_runs_is_replaced_and_not_discarded(world: World) -> None:
    fleet = world.fleet()
    fleet.copy(V, 2, "r1")
    fleet.copy(V, 3, "r2")
    assert fleet.pods()[BASELINE].wanted == 3
    fleet.discard("r1")
    assert BASELINE in fleet.pods()
    fleet.discard()
    assert BASELINE not in fleet.pods()


def test_what_does_not_exist_cannot_be_copied(world: World) -> None:
    with pytest.raises(ClusterError) as caught:
        world.fleet().copy("abcdefabcd", 2, "r1")
    assert caught.value.status == 404


def test_it_runs_what_the_version_runs_under_labels_of_its_own(api: FakeCluster) -> None:
    adapter(api).copy(V, 2, "prod-12345678")
    made, service = body(api, DEPLOYMENTS), body(api, SERVICES)
    original = api.objects.read(f"{DEPLOYMENTS}/podinfo-{V}")
    template = made["spec"]["template"]
    assert template["spec"] == original["spec"]["template"]["spec"]
    assert template["metadata"]["annotations"] == {"a": "b"}
    labels, selector = template["metadata"]["labels"], made["spec"]["selector"]["matchLabels"]
    assert labels["team"] == "web"
    assert labels["app.kubernetes.io/name"] == "podinfo"
    assert labels["app.kubernetes.io/version"] == BASELINE
    assert selector.items() <= labels.items()
    assert not original["spec"]["selector"]["matchLabels"].items() <= labels.items()
    port = {"name": "http", "port": 80, "targetPort": 9898, "protocol": "TCP"}
    assert service["spec"] == {"type": "ClusterIP", "selector": selector, "ports": [port]}


def test_both_objects_are_ours_this_runs_and_go_with_the_version(api: FakeCluster) -> None:
    adapter(api).copy(V, 2, "prod-12345678")
    uid = api.objects.read(f"{DEPLOYMENTS}/podinfo-{V}")["metadata"]["uid"]
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"podinfo-{V}", "uid": uid}
    for collection in (DEPLOYMENTS, SERVICES):
        metadata = body(api, collection)["metadata"]
        marks = {"canary.rollout/owner": "me", "canary.rollout/run": "prod-12345678"}
        assert metadata["annotations"] == marks
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "canary"
        assert metadata["ownerReferences"] == [owner]


def test_pods_that_another_runs_left_behind_are_not_counted(api: FakeCluster) -> None:
    fleet = adapter(api)
    fleet.copy(V, 2, "r1")
    left = pod(BASELINE, "left")
    left["metadata"]["labels"] = body(api, DEPLOYMENTS)["spec"]["selector"]["matchLabels"]
    api.put(PODS, left)
    assert fleet.pods()[BASELINE].ready == 1
    fleet.copy(V, 2, "r2")
    assert fleet.pods()[BASELINE] == Pods(wanted=2)


@pytest.mark.parametrize("collection", [DEPLOYMENTS, SERVICES])
def test_a_making_that_was_cut_short_is_finished(api: FakeCluster, collection: str) -> None:
    fleet = adapter(api)
    api.faults.append(Fault(method="POST", path=collection, drop="after"))
    with pytest.raises(ClusterError) as caught:
        fleet.copy(V, 2, "r1")
    assert caught.value.retryable
    fleet.copy(V, 2, "r1")
    assert body(api, SERVICES)["spec"]["selector"]
    assert fleet.pods()[BASELINE].wanted == 2


@pytest.mark.parametrize(
    ("owner", "version", "text"),
    [
        ("them", BASELINE, "is not ours: it belongs to another stack"),
        ("me", V, "is no baseline: rename the app that it belongs to"),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_what_is_no_baseline_of_ours_is_left_alone(
    api: FakeCluster, kind: str, owner: str, version: str, text: str
) -> None:
    collection = DEPLOYMENTS if kind == "Deployment" else SERVICES
    foreign = deployment(version, 1)
    foreign["metadata"] |= {"name": NAME, "annotations": {"canary.rollout/owner": owner}}
    foreign["metadata"]["namespace"] = "test"
    api.put(collection, foreign)
    said = f"{kind} {NAME} in namespace test .*{text}"
    with pytest.raises(ConflictError, match=said):
        adapter(api).copy(V, 2, "r1")
    with pytest.raises(ConflictError, match=said):
        adapter(api).discard()
    assert body(api, collection)["metadata"]["annotations"] == {"canary.rollout/owner": owner}


def test_one_that_took_its_name_meanwhile_is_not_deleted(api: FakeCluster) -> None:
    fleet = adapter(api)
    fleet.copy(V, 2, "r1")
    api.faults.append(Fault(method="DELETE", status=409))
    with pytest.raises(ClusterError) as caught:
        fleet.discard("r1")
    assert caught.value.retryable
    assert not isinstance(caught.value, ConflictError)
    deleted = [call for call in api.calls if call.startswith("DELETE")]
    assert len(deleted) == 1
    fleet.discard("r1")
    assert BASELINE not in fleet.pods()
