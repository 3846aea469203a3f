"""A dependency answers the same, however it is reached; what cannot be asked is one line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canary.adapters.access import (
    Ask,
    Direct,
    Endpoint,
    PodAddress,
    ServiceAddress,
    pod_proxy,
    service_proxy,
)
from canary.errors import HookError, MetricsError
from tests.fakes.cluster import Answer, FakeCluster, Fault

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


def test_credentials_in_a_url_are_never_shown(server: FakeCluster) -> None:
    url = server.url.replace("http://", "http://me:s3cret@")
    endpoint = Direct("load tester", url, raises=HookError)
    assert "s3cret" not in endpoint.name
    assert endpoint.name == f"load tester ({server.url})"
