"""Every way to a dependency that the configuration offers leads to an endpoint of its kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from canary import access
from canary.adapters.cluster.access import Direct, Endpoint, Proxied
from canary.adapters.cluster.forward import Forwarded
from canary.config import load
from tests.contracts.pods import pod
from tests.fakes.cluster import FakeCluster

DIRECT = {"via": "direct", "url": "http://10.0.0.9:9090"}
FORWARD = {"via": "portForward"}
TESTER = "http://flagger-loadtester.canary-system/gate/open"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as fake:
        metadata = {"name": "flagger-loadtester"}
        fake.put("/api/v1/namespaces/canary-system/services", {"metadata": metadata})
        ready = pod("1111111111", "traefik-1")
        ready["metadata"]["labels"] = {"app.kubernetes.io/name": "traefik"}
        fake.put("/api/v1/namespaces/traefik/pods", ready)
        yield fake


@pytest.mark.parametrize(("way", "kind"), [({}, Proxied), (DIRECT, Direct), (FORWARD, Forwarded)])
def test_prometheus(server: FakeCluster, way: dict[str, Any], kind: type[Endpoint]) -> None:
    config = load({"prometheus": {"access": way}})
    endpoint = access.prometheus(config, server.connect())
    assert isinstance(endpoint, kind)
    assert "Prometheus" in endpoint.name


@pytest.mark.parametrize(("way", "kind"), [({}, Proxied), (DIRECT, Direct), (FORWARD, Forwarded)])
def test_traefiks_replicas(server: FakeCluster, way: dict[str, Any], kind: type[Endpoint]) -> None:
    config = load({"traefik": {"access": way}})
    (endpoint,) = access.replicas(config, server.connect())()
    assert isinstance(endpoint, kind)


@pytest.mark.parametrize(("way", "kind"), [({}, Proxied), (DIRECT, Direct), (FORWARD, Forwarded)])
def test_the_load_tester(server: FakeCluster, way: dict[str, Any], kind: type[Endpoint]) -> None:
    config = load({"loadtester": {"access": way}})
    endpoint, path = access.hooks(config, server.connect())(TESTER)
    assert isinstance(endpoint, kind)
    assert path == "/gate/open"


@pytest.mark.parametrize("way", [{}, DIRECT, FORWARD])
def test_a_server_outside_the_cluster_is_asked_directly(
    server: FakeCluster, way: dict[str, Any]
) -> None:
    config = load({"loadtester": {"access": way}})
    reach = access.hooks(config, server.connect())
    endpoint, _ = reach("https://hooks.example.com/notify")
    assert isinstance(endpoint, Direct)
    assert endpoint.name.endswith("(https://hooks.example.com)")
    assert reach("https://hooks.example.com/again")[0] is endpoint
