"""How hooks' URLs are reached: directly, or through the API server's proxy."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import pytest

from canary.adapters.clock import SystemClock
from canary.adapters.cluster.access import Direct, Endpoint, ServiceAddress, service_proxy
from canary.adapters.cluster.kubeconfig import Login
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.cluster.reach import WHAT, Reach, into, resolves, service_address
from canary.adapters.http import MockTransport, Request, Response
from canary.adapters.outlets.hooks import Hook, Sender, WebHooks
from canary.core.seen import Outcome
from canary.errors import HookError
from tests.contracts.hooking import PRE, Pauses, ended, occasion
from tests.fakes.web import Received, Reply, serving


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://lt.test/", "/api/v1/namespaces/test/services/http:lt:80"),
        ("http://lt.test./", "/api/v1/namespaces/test/services/http:lt:80"),
        ("http://lt.test.svc", "/api/v1/namespaces/test/services/http:lt:80"),
        ("http://lt.test.svc.cluster.local:81/x", "/api/v1/namespaces/test/services/http:lt:81"),
        ("https://lt.test.svc.cluster.local./", "/api/v1/namespaces/test/services/https:lt:443"),
        ("http://localhost/", None),
        ("http://10.0.0.1/", None),
        ("http://hooks.example.com/", None),
    ],
)
def test_a_service_inside_the_cluster_is_known_by_its_name(url: str, target: str | None) -> None:
    address = service_address(urlsplit(url))
    assert (address.target if address else None) == target


def proxied(seen: list[Request], statuses: Sequence[int], looked: int = 200) -> Cluster:
    """An API server that answers a look at the Service, and calls through its proxy."""
    remaining = list(statuses)

    def answering(request: Request) -> Response:
        if not request.url.path.endswith(("/proxy/gate/check", "/proxy/")):
            return Response(looked, json={"kind": "Service"})
        seen.append(request)
        return Response(remaining.pop(0), text="the gate is closed")

    reached = login("https://api.test:6443")
    return Cluster(reached, transport=MockTransport(answering), pause=Pauses())


def door(cluster: Cluster) -> Callable[[ServiceAddress], Endpoint]:
    return lambda address: service_proxy(WHAT, cluster, address, raises=HookError)


def login(host: str) -> Login:
    return Login(host=host, verify=ssl.create_default_context(), token=lambda: "", context="c")


@pytest.mark.parametrize(
    ("status", "resolves", "direct"),
    [(200, True, False), (404, False, True), (403, False, False), (403, True, True)],
)
def test_a_service_is_reached_through_the_api_server_if_there_is_one(
    status: int,
    resolves: bool,  # noqa: FBT001
    direct: bool,  # noqa: FBT001
) -> None:
    cluster = proxied([], [], looked=status)
    reach = Reach(into(cluster, door(cluster), known=lambda _host, _port: resolves))
    endpoint, path = reach("http://flagger-loadtester.test/gate/check?x=1")
    assert path == "/gate/check?x=1"
    assert isinstance(endpoint, Direct) is direct


def test_without_the_proxy_everything_is_direct() -> None:
    endpoint, path = Reach()("http://lt.test")
    assert isinstance(endpoint, Direct)
    assert path == "/"


def test_a_proxied_hook_arrives_at_the_service() -> None:
    seen: list[Request] = []
    cluster = proxied(seen, [200, 403])
    reach = Reach(into(cluster, door(cluster)))
    sender = Sender(app="podinfo", namespace="test", reach=reach, pause=Pauses())
    gate = Hook(name="gate", type=PRE, url="http://lt.test/gate/check", timeout_s=3.0)
    hooks = WebHooks([gate], sender, SystemClock())
    results: list[Mapping[str, Any]] = []
    for outcome in (Outcome.PASSED, Outcome.FAILED):
        hooks.call(occasion())
        result = ended(hooks)
        assert result.outcome is outcome
        results.append(json.loads(seen[-1].content))
    assert result.text == "pre-rollout webhook gate: answered 403: the gate is closed"
    assert [request.url.path for request in seen] == [
        "/api/v1/namespaces/test/services/http:lt:80/proxy/gate/check"
    ] * 2
    assert results[0]["name"] == "podinfo"


@pytest.mark.parametrize("header", ["Authorization", "authorization"])
def test_a_login_for_the_service_is_not_sent_to_the_api_server(header: str) -> None:
    seen: list[Request] = []
    cluster = proxied(seen, [200])
    sender = Sender(
        app="a", namespace="n", reach=Reach(into(cluster, door(cluster))), pause=Pauses()
    )
    gate = Hook(
        name="gate",
        type=PRE,
        url="http://lt.test/gate/check",
        retries=3,
        headers=lambda: {header: "Bearer S3cr3t"},
    )
    why = sender.send(gate, occasion())
    assert not seen
    assert why.startswith(
        "pre-rollout webhook gate: its server (service test/lt) can be sent no Authorization"
    )
    assert "S3cr3t" not in why


def test_a_secret_query_is_not_sent_to_the_api_server() -> None:
    seen: list[Request] = []
    cluster = proxied(seen, [200])
    sender = Sender(app="a", namespace="n", reach=Reach(into(cluster, door(cluster))))
    gate = Hook(name="gate", type=PRE, url="http://lt.test/", query=lambda: {"token": "S3cr3t"})
    why = sender.send(gate, occasion())
    assert not seen
    assert "its server (service test/lt) can be sent no secretQuery through the API server" in why
    assert "S3cr3t" not in why


def test_other_headers_arrive_at_the_service() -> None:
    seen: list[Request] = []
    cluster = proxied(seen, [200])
    sender = Sender(app="a", namespace="n", reach=Reach(into(cluster, door(cluster))))
    url = "http://lt.test/gate/check"
    gate = Hook(name="gate", type=PRE, url=url, headers=lambda: {"X-Key": "S3cr3t"})
    assert sender.send(gate, occasion()) == ""
    assert seen[0].headers["X-Key"] == "S3cr3t"


def test_silence_behind_the_proxy_is_the_services_own() -> None:
    hold = threading.Event()

    def answering(received: Received) -> Reply:
        if received.method == "POST":
            return Reply(hold=hold)
        return Reply(body=b'{"kind":"Service"}')

    with serving(answering) as web:
        cluster = Cluster(login(web.url), pause=Pauses())
        sender = Sender(
            app="a", namespace="n", reach=Reach(into(cluster, door(cluster))), pause=Pauses()
        )
        gate = Hook(name="gate", type=PRE, url="http://lt.test/", timeout_s=0.1)
        hooks = WebHooks([gate], sender, SystemClock())
        hooks.call(occasion())
        text = ended(hooks).text
        hold.set()
    assert text == (
        "pre-rollout webhook gate: its server (service test/lt) "
        "did not answer within 0.1 s through the API server"
    )


def test_this_machine_knows_itself_and_no_cluster() -> None:
    assert resolves("127.0.0.1", 80)
    assert not resolves(f"{'x' * 64}.test", 80)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", _unknown)
        assert not resolves("flagger-loadtester.test", 80)


def _unknown(*_args: object, **_more: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
