"""What every Autoscalers promises, and what the adapter writes to a HorizontalPodAutoscaler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from canary.adapters.pods.autoscalers import LEAST, ClusterAutoscalers
from canary.errors import ClusterError, ConflictError
from canary.ports import Autoscalers
from tests.contracts.claiming import claim_of
from tests.contracts.pods import deployment
from tests.contracts.test_fleet import DEPLOYMENTS, SCALERS, V, adapter
from tests.fakes.autoscalers import FakeAutoscalers
from tests.fakes.cluster import FakeCluster
from tests.fakes.fleet import FakeFleet


class World(Protocol):
    def autoscalers(self) -> Autoscalers: ...
    def deploy(self, replicas: int, least: int) -> None: ...
    def least(self) -> int: ...


class FakeWorld:
    def __init__(self) -> None:
        self._fleet = FakeFleet()

    def autoscalers(self) -> Autoscalers:
        return FakeAutoscalers(self._fleet)

    def deploy(self, replicas: int, least: int) -> None:
        deployed = self._fleet.deploy(V, replicas=replicas)
        deployed.most, deployed.least = 9, least

    def least(self) -> int:
        return self._fleet.versions[V].least


class ApiWorld:
    def __init__(self, server: FakeCluster) -> None:
        self._server = server

    def autoscalers(self) -> ClusterAutoscalers:
        cluster = self._server.connect()
        return ClusterAutoscalers(
            cluster, app="podinfo", namespace="test", owner="me", claim=claim_of(cluster)
        )

    def deploy(self, replicas: int, least: int) -> None:
        self._server.put(DEPLOYMENTS, deployment(V, replicas))
        bounds = {"maxReplicas": 9, "minReplicas": least}
        self._server.put(SCALERS, deployment(V, 0) | {"spec": bounds})

    def least(self) -> int:
        return int(scaler(self._server)["spec"]["minReplicas"])


def scaler(server: FakeCluster) -> dict[str, Any]:
    return server.objects.read(f"{SCALERS}/podinfo-{V}")


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


@pytest.fixture(params=["fake", "api"])
def world(request: pytest.FixtureRequest, server: FakeCluster) -> World:
    return FakeWorld() if request.param == "fake" else ApiWorld(server)


def test_what_is_held_keeps_its_pods_until_it_is_released(world: World) -> None:
    world.deploy(5, least=2)
    world.autoscalers().hold(V)
    assert world.least() == 5
    world.autoscalers().release(V)
    assert world.least() == 2
    world.autoscalers().release(V)
    assert world.least() == 2


def test_who_holds_it_again_does_not_forget_what_it_was(world: World) -> None:
    """After a driver that died."""
    world.deploy(5, least=2)
    world.autoscalers().hold(V)
    world.autoscalers().hold(V)
    world.autoscalers().release(V)
    assert world.least() == 2


def test_what_is_as_small_as_it_may_be_is_left_alone(world: World) -> None:
    world.deploy(2, least=2)
    world.autoscalers().hold(V)
    assert world.least() == 2


def test_a_version_without_one_is_left_alone(world: World) -> None:
    world.autoscalers().hold(V)
    world.autoscalers().release(V)


def test_nothing_of_it_is_left_in_the_annotations(server: FakeCluster) -> None:
    api = ApiWorld(server)
    api.deploy(5, least=2)
    api.autoscalers().hold(V)
    assert scaler(server)["metadata"]["annotations"][LEAST] == "2"
    api.autoscalers().release(V)
    assert LEAST not in scaler(server)["metadata"]["annotations"]


@pytest.mark.parametrize("text", ["none", "0", "-3", "²"])
def test_what_somebody_made_nonsense_of_is_the_servers_default(
    server: FakeCluster, text: str
) -> None:
    api = ApiWorld(server)
    api.deploy(5, least=4)
    server.edit(f"{SCALERS}/podinfo-{V}", {"metadata": {"annotations": {LEAST: text}}})
    api.autoscalers().release(V)
    assert api.least() == 1


def test_one_that_is_not_ours_is_not_touched(server: FakeCluster) -> None:
    api = ApiWorld(server)
    api.deploy(5, least=2)
    theirs = {"metadata": {"annotations": {"canary.rollout/owner": "them"}}}
    server.edit(f"{SCALERS}/podinfo-{V}", theirs)
    for act in (api.autoscalers().hold, api.autoscalers().release):
        with pytest.raises(ConflictError, match="is not ours: it belongs to another stack"):
            act(V)


def test_one_without_a_version_is_an_error(server: FakeCluster) -> None:
    server.put(SCALERS, deployment(V, 0) | {"spec": {"maxReplicas": 9}})
    with pytest.raises(ClusterError, match="not found"):
        ApiWorld(server).autoscalers().hold(V)


def test_a_version_that_is_stopped_has_its_autoscaler_back(server: FakeCluster) -> None:
    ApiWorld(server).deploy(1, least=1)
    adapter(server).scale(V, 4)
    assert scaler(server)["spec"]["minReplicas"] == 4
    adapter(server).scale(V, 0)
    assert "minReplicas" not in scaler(server)["spec"]
    assert adapter(server).pods()[V].wanted == 0
