"""A dependency answers the same, however it is reached; what cannot be asked is one line."""

from __future__ import annotations

import gc
import socket
import weakref
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from canary.adapters import http
from canary.adapters.cluster.access import (
    Ask,
    Direct,
    Endpoint,
    PodAddress,
    ServiceAddress,
    pod_proxy,
    service_proxy,
)
from canary.adapters.cluster.forward import Forwarded, pod_behind
from canary.errors import ClusterError, HookError, MetricsError
from tests.fakes.cluster import Answer, FakeCluster, Fault
from tests.fakes.web import Reply, serving

ADDRESS = ServiceAddress(namespace="monitoring", service="prometheus", port=9090)
TARGET = "/api/v1/namespaces/monitoring/services/http:prometheus:9090"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


def echo(method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
    return 418, {"method": method, "path": path, "query": query, "body": body.decode()}


def reached(server: FakeCluster, how: str) -> Endpoint:
    cluster = server.connect()
    if how == "service":
        server.backends[TARGET] = echo
        return service_proxy("Prometheus", cluster, ADDRESS, raises=MetricsError)
    pod = PodAddress(namespace="monitoring", pod="prometheus-0", port=9090)
    server.backends[pod.target] = echo
    return pod_proxy("Prometheus", cluster, pod, raises=MetricsError)


@pytest.mark.parametrize("how", ["service", "pod"])
def test_the_dependencys_own_answer_comes_through(server: FakeCluster, how: str) -> None:
    ask = Ask(method="POST", path="/api/v1/query", params={"q": "a b"}, content=b"hello")
    response = reached(server, how).request(ask)
    assert response.status_code == 418
    assert response.json() == {
        "method": "POST",
        "path": "/api/v1/query",
        "query": {"q": "a b"},
        "body": "hello",
    }


def test_a_service_without_pods_is_named(server: FakeCluster) -> None:
    endpoint = service_proxy("Prometheus", server.connect(), ADDRESS, raises=MetricsError)
    with pytest.raises(MetricsError) as caught:
        endpoint.request(Ask(path="/-/ready"))
    assert str(caught.value) == "Prometheus (service monitoring/prometheus) has no ready pod"
    assert caught.value.retryable


def test_what_the_api_server_refuses_is_not_the_dependencys_answer(server: FakeCluster) -> None:
    endpoint = reached(server, "service")
    server.tokens.clear()
    with pytest.raises(MetricsError, match=r"cannot be asked: token expired or refused \(401\)"):
        endpoint.request(Ask(path="/-/ready"))


def test_an_api_server_that_is_gone_is_the_endpoints_kind_of_error() -> None:
    with FakeCluster() as server:
        endpoint = reached(server, "service")
    with pytest.raises(MetricsError, match=r"Prometheus .* refused the connection") as caught:
        endpoint.request(Ask(path="/-/ready"))
    assert caught.value.retryable


def test_directly_the_answer_is_the_same_and_faults_have_their_kind(server: FakeCluster) -> None:
    endpoint = Direct("load tester", server.url, raises=HookError, timeout_s=2.0)
    assert endpoint.request(Ask(path="/api/v1/namespaces")).status_code == 401
    server.faults.append(Fault(drop="before"))
    with pytest.raises(HookError) as caught:
        endpoint.request(Ask(path="/"))
    text = f"load tester ({server.url}) closed the connection before it answered"
    assert str(caught.value) == text


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    elsewhere = Reply(status=307, headers={"Location": "http://127.0.0.1:1/elsewhere"})
    with serving(lambda _: elsewhere) as web:
        endpoint = Direct("it", web.url, raises=HookError)
        headers = {"Authorization": "Bearer x"}
        assert endpoint.request(Ask(path="/", headers=headers)).status_code == 307


def test_credentials_in_a_url_are_never_shown(server: FakeCluster) -> None:
    url = server.url.replace("http://", "http://me:s3cret@")
    endpoint = Direct("load tester", url, raises=HookError)
    assert "s3cret" not in endpoint.name
    assert endpoint.name == f"load tester ({server.url})"


def test_http_goes_over_whatever_stream_is_given(server: FakeCluster) -> None:
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        port = urlsplit(server.url).port or 0
        opened.append(socket.create_connection(("127.0.0.1", port)))
        return opened[-1]

    client = http.client(base_url="http://forwarded", transport=http.transport_over(connect))
    for _ in range(3):
        assert client.get("/api/v1/namespaces").status_code == 401
    assert len(opened) == 1
    server.faults.append(Fault(drop="before"))
    with pytest.raises(http.TransportError):
        client.get("/")
    assert client.get("/api/v1/namespaces").status_code == 401
    assert len(opened) == 2
    client.close()


def test_a_stream_that_cannot_be_opened_is_a_connect_error() -> None:
    def connect() -> socket.socket:
        raise OSError("no way")

    client = http.client(base_url="http://forwarded", transport=http.transport_over(connect))
    with pytest.raises(http.ConnectError):
        client.get("/")


def service(target: int | str) -> dict[str, Any]:
    return {
        "metadata": {"name": "prometheus"},
        "spec": {
            "selector": {"app": "prometheus"},
            "ports": [{"name": "web", "port": 9090, "targetPort": target}],
        },
    }


def pod(*, ready: bool) -> dict[str, Any]:
    ports = [{"name": "http", "containerPort": 9999}]
    return {
        "metadata": {"name": f"prometheus-{ready}", "labels": {"app": "prometheus"}},
        "spec": {"containers": [{"name": "prometheus", "ports": ports}]},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


@pytest.mark.parametrize(("target", "port"), [(9091, 9091), ("http", 9999)])
def test_a_forward_finds_a_ready_pod_and_its_port(
    server: FakeCluster, target: int | str, port: int
) -> None:
    core = "/api/v1/namespaces/monitoring"
    server.put(f"{core}/services", service(target))
    cluster = server.connect()
    with pytest.raises(ClusterError, match="has no ready pod"):
        pod_behind(cluster, ADDRESS)
    for ready in (False, True):
        server.put(f"{core}/pods", pod(ready=ready))
    found = pod_behind(cluster, ADDRESS)
    assert found == PodAddress(namespace="monitoring", pod="prometheus-True", port=port)
    with pytest.raises(ClusterError, match="service prometheus has no port 80"):
        pod_behind(cluster, ServiceAddress(namespace="monitoring", service="prometheus", port=80))


def test_a_forward_that_fails_is_the_endpoints_kind_of_error(server: FakeCluster) -> None:
    endpoint = Forwarded("Prometheus", server.connect(), ADDRESS, raises=MetricsError)
    with pytest.raises(MetricsError, match=r"\(service monitoring/prometheus\) cannot be asked"):
        endpoint.request(Ask(path="/-/ready"))


def test_an_answer_is_freed_with_its_last_user(server: FakeCluster) -> None:
    client = http.client(base_url=server.url)
    gc.disable()  # nobody searches for cycles
    try:
        answer = weakref.ref(client.get("/api/v1/namespaces"))
        assert answer() is None
    finally:
        gc.enable()
        client.close()
