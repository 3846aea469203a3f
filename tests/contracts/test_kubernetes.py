"""What the API server's client makes of faults, refusals and kubeconfigs."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canary.adapters.cluster.kubeconfig import Login, Source
from canary.adapters.cluster.kubernetes import Cluster
from canary.errors import ClusterError, ConflictError
from tests.fakes.cluster import Answer, FakeCluster, Fault

SERVICES = "/api/v1/namespaces/test/services"
SECRET = "s3cr3t-t0ken"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    with FakeCluster() as server:
        yield server


def service(name: str = "podinfo") -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"selector": {"a": "b"}}}


def with_user(server: FakeCluster, user: dict[str, Any]) -> str:
    config = json.loads(server.kubeconfig())
    config["users"][0]["user"] = user
    return json.dumps(config)


def test_what_is_created_can_be_read_listed_replaced_and_deleted(server: FakeCluster) -> None:
    cluster = server.connect()
    made = cluster.create(SERVICES, service())
    path = f"{SERVICES}/podinfo"
    assert cluster.read(path) == made
    made["spec"] = {"selector": {"a": "c"}}
    assert cluster.replace(path, made)["spec"]["selector"] == {"a": "c"}
    assert [body["metadata"]["name"] for body in cluster.list_(SERVICES)] == ["podinfo"]
    assert cluster.list_(SERVICES, label_selector="app=other") == []
    cluster.delete(path)
    cluster.delete(path)
    assert cluster.find(path) is None


def test_a_stale_replace_is_a_conflict(server: FakeCluster) -> None:
    cluster = server.connect()
    stale = cluster.create(SERVICES, service())
    server.edit(f"{SERVICES}/podinfo", {"spec": {"selector": {"a": "z"}}})
    with pytest.raises(ConflictError, match="services/podinfo in namespace test: the object has"):
        cluster.replace(f"{SERVICES}/podinfo", stale)
    version = stale["metadata"]["resourceVersion"]
    with pytest.raises(ConflictError):
        cluster.delete(f"{SERVICES}/podinfo", resource_version=version)
    with pytest.raises(ConflictError):
        cluster.delete(f"{SERVICES}/podinfo", uid="another's")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, times=2),
        Fault(status=429, retry_after_s=0, times=2),
        Fault(drop="before", times=2),
        Fault(drop="after", times=2),
    ],
)
def test_a_read_survives_two_faults(server: FakeCluster, fault: Fault) -> None:
    server.put(SERVICES, service())
    server.faults.append(fault)
    assert server.connect().read(f"{SERVICES}/podinfo")["metadata"]["name"] == "podinfo"
    assert len(server.calls) == 3


def test_a_read_gives_up_after_three_and_says_that_trying_again_may_help(
    server: FakeCluster,
) -> None:
    server.faults.append(Fault(status=503, times=9))
    with pytest.raises(ClusterError, match="busy or failing") as caught:
        server.connect().read(f"{SERVICES}/podinfo")
    assert (caught.value.status, caught.value.retryable) == (503, True)
    assert len(server.calls) == 3


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(drop="before"), Fault(drop="after")])
def test_a_write_whose_fate_is_unknown_is_not_repeated(server: FakeCluster, fault: Fault) -> None:
    server.faults.append(fault)
    with pytest.raises(ClusterError) as caught:
        server.connect().create(SERVICES, service())
    assert caught.value.retryable
    assert len(server.calls) == 1


def test_a_write_that_was_turned_away_is_repeated(server: FakeCluster) -> None:
    server.faults.append(Fault(status=429, retry_after_s=0))
    assert server.connect().create(SERVICES, service())["metadata"]["uid"]


def test_what_a_server_behind_the_proxy_turns_away_is_its_callers_to_repeat(
    server: FakeCluster,
) -> None:
    server.faults.append(Fault(status=429, retry_after_s=0, times=9))
    response = server.connect().request("POST", f"{SERVICES}/http:gate:80/proxy/gate/check")
    assert response.status_code == 429
    assert len(server.calls) == 1


def test_retry_after_is_obeyed_but_bounded() -> None:
    pauses: list[float] = []
    with FakeCluster() as server:
        server.put(SERVICES, service())
        server.faults.append(Fault(status=429, retry_after_s=2))
        server.faults.append(Fault(status=429, retry_after_s=3600))
        login = Source(text=server.kubeconfig()).login()
        Cluster(login, timeout_s=5.0, pause=pauses.append).read(f"{SERVICES}/podinfo")
    assert pauses == [2.0, 5.0]


def test_a_silent_server_is_named_with_its_context() -> None:
    with FakeCluster() as server:
        kubeconfig = server.kubeconfig()
        url = server.url
    cluster = Cluster.connect(kubeconfig_text=kubeconfig)
    with pytest.raises(ClusterError) as caught:
        cluster.read(f"{SERVICES}/podinfo")
    text = f"the API server at {url} refused the connection; is the context `fake` right?"
    assert str(caught.value) == text
    assert caught.value.retryable


def test_a_hanging_server_costs_one_timeout(server: FakeCluster) -> None:
    def slow(*_: object) -> Answer:
        server.hang(5.0)
        return 200, {}

    server.backends[f"{SERVICES}/http:slow:80"] = slow
    with pytest.raises(ClusterError, match=r"did not answer within 0\.2 s"):
        server.connect(timeout_s=0.2).request("GET", f"{SERVICES}/http:slow:80/proxy/x")
    assert len(server.calls) == 1


def test_refused_credentials_say_which_context_and_not_which_token(server: FakeCluster) -> None:
    kubeconfig = with_user(server, {"token": SECRET})
    with pytest.raises(ClusterError) as caught:
        Cluster.connect(kubeconfig_text=kubeconfig).read(f"{SERVICES}/podinfo")
    assert "token expired or refused (401) for context `fake`" in str(caught.value)
    assert SECRET not in repr(caught.value)
    assert not caught.value.retryable


def test_an_expired_token_is_renewed_once(server: FakeCluster, tmp_path: Path) -> None:
    plugin, told = tmp_path / "login", tmp_path / "token"
    told.write_text("first")
    plugin.write_text(
        f'#!/bin/sh\nprintf \'%s\' \'{{"kind":"ExecCredential",'
        '"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"\'\n'
        f"printf '%s' \"$(cat {told})\"\nprintf '%s' '\"}}}}'\n"
    )
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}
    server.put(SERVICES, service())
    server.tokens = {"first"}
    cluster = Cluster.connect(kubeconfig_text=with_user(server, {"exec": command}))
    cluster.read(f"{SERVICES}/podinfo")
    server.tokens = {"second"}
    told.write_text("second")
    server.calls.clear()
    cluster.read(f"{SERVICES}/podinfo")
    cluster.read(f"{SERVICES}/podinfo")
    assert len(server.calls) == 3


def test_two_threads_that_are_refused_at_once_log_in_once(server: FakeCluster) -> None:
    server.put(SERVICES, service())
    server.tokens = {"second"}
    config = json.loads(server.kubeconfig())
    logins = []
    for token in ("first", "second"):
        config["users"][0]["user"] = {"token": token}
        logins.append(Source(text=json.dumps(config)).login())
    both_refused = threading.Barrier(2, timeout=10.0)
    renewals: list[str] = []

    def first_token() -> str:
        both_refused.wait()  # neither request leaves before the other is under way
        return "Bearer first"

    def renew() -> Login:
        renewals.append("once")
        return logins[1]

    cluster = Cluster(replace(logins[0], token=first_token), renew=renew)
    with ThreadPoolExecutor(2) as threads:
        paths = [f"{SERVICES}/podinfo"] * 2
        assert len(list(threads.map(cluster.read, paths))) == 2
    assert renewals == ["once"]


def test_a_credential_plugin_that_fails_is_named(server: FakeCluster) -> None:
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}
    with pytest.raises(ClusterError, match="the credential plugin `false` of context `fake` gave"):
        Cluster.connect(kubeconfig_text=with_user(server, {"exec": command}))


def test_what_is_missing_is_told_from_what_is_unknown(server: FakeCluster) -> None:
    cluster = server.connect()
    with pytest.raises(
        ClusterError, match=r'services/podinfo in namespace test at .*"podinfo" not'
    ):
        cluster.read(f"{SERVICES}/podinfo")
    with pytest.raises(ClusterError, match="knows no widgets; is their CRD installed") as caught:
        cluster.list_("/apis/example.com/v1/namespaces/test/widgets")
    assert caught.value.status == 404


def test_something_that_is_no_api_server_is_recognised(server: FakeCluster) -> None:
    server.backends[f"{SERVICES}/x"] = lambda *_: (200, "<html>welcome</html>")
    with pytest.raises(ClusterError, match="did not answer in JSON; is it an API server"):
        server.connect().read(f"{SERVICES}/x/proxy/")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{unbalanced: [", r"the kubeconfig is not valid YAML \(line 1\)"),
        ("just text", "the kubeconfig has no contexts"),
        ("contexts: [{name: a, context: {cluster: c}}]", r"no current context.*it has: a"),
        (
            "{contexts: [{name: a, context: {cluster: c}}], current-context: a}",
            "context `a` of the kubeconfig cannot be used",
        ),
    ],
)
def test_a_broken_kubeconfig_is_one_line(text: str, message: str) -> None:
    with pytest.raises(ClusterError, match=message) as caught:
        Cluster.connect(kubeconfig_text=text)
    assert "\n" not in str(caught.value)


def test_a_context_that_does_not_exist_lists_those_that_do(
    server: FakeCluster, tmp_path: Path
) -> None:
    path = tmp_path / "config"
    path.write_text(server.kubeconfig())
    with pytest.raises(ClusterError) as caught:
        Cluster.connect(context="prod", kubeconfig_path=str(path))
    assert str(caught.value) == "context `prod` does not exist in the kubeconfig; it has: fake"
    assert Cluster.connect(context="fake", kubeconfig_path=str(path)).context == "fake"


def test_a_missing_kubeconfig_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ClusterError, match=r"no kubeconfig at .*none: set canary:kubernetes"):
        Cluster.connect()


def test_userinfo_in_the_address_is_never_shown(server: FakeCluster) -> None:
    text = server.kubeconfig().replace("http://", f"http://admin:{SECRET}@")
    cluster = Cluster.connect(kubeconfig_text=text)
    assert SECRET not in cluster.host
    server.faults.append(Fault(status=503, times=3))
    with pytest.raises(ClusterError) as caught:
        cluster.read(f"{SERVICES}/podinfo")
    assert SECRET not in str(caught.value)
