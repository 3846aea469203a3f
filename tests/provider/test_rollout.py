"""The Rollout over its wire protocol, against a fake API server: what Pulumi sees of it."""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest

from canary.inputs import AS_RECORDED
from canary.provider import RetirementProvider, RolloutProvider
from tests.contracts.pods import deployment, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.objects import Objects
from tests.provider.wire import Wire

V1, V2 = "1111111111", "2222222222"
OWNER = "0123456789abcdef"
NAMESPACE = "/api/v1/namespaces/test"
DEPLOYMENTS = "/apis/apps/v1/namespaces/test/deployments"
LISTS = "/apis/traefik.io/v1alpha1/namespaces/test/traefikservices"


def props(version: str = V1, **changes: Any) -> dict[str, Any]:
    """A Rollout's inputs, short enough to fail quickly."""
    release = {
        "host": "app.example.com",
        "replicas": 1,
        "progressDeadlineSeconds": 1,
        "drain": "0s",
        "analysis": {"metrics": []},
    }
    return {
        "app": "podinfo",
        "namespace": "test",
        "stack": "dev",
        "owner": OWNER,
        "image": f"podinfo:{version[0]}",
        "version": version,
        "podTemplate": {"spec": {}},
        "release": release,
        "access": {},
        "live": AS_RECORDED,
        **changes,
    }


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[FakeCluster, Wire]]:
    """One provider process for all tests: starting one takes a second."""
    with FakeCluster() as fake, wired(fake) as process:
        yield fake, process


def wired(fake: FakeCluster) -> Wire:
    return Wire(RolloutProvider(), {"canary:kubeconfig": fake.kubeconfig()})


@pytest.fixture
def server(running: tuple[FakeCluster, Wire]) -> FakeCluster:
    """A cluster in which Pulumi has made the apex Service and the first version, no more."""
    fake, _ = running
    fake.objects = Objects()
    fake.calls.clear()
    labels = {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/managed-by": "canary"}
    owned = {"canary.rollout/owner": OWNER}
    metadata = {"name": "podinfo", "labels": labels, "annotations": owned}
    fake.put(f"{NAMESPACE}/services", {"metadata": metadata, "spec": {"ports": []}})
    fake.put(DEPLOYMENTS, deployment(V1, 1))
    fake.put(f"{NAMESPACE}/pods", pod(V1, "one"))
    return fake


@pytest.fixture
def wire(running: tuple[FakeCluster, Wire], server: FakeCluster) -> Wire:
    """The provider, which has said nothing yet."""
    _, process = running
    assert server.objects
    process.lines.clear()
    return process


def weights(server: FakeCluster) -> list[tuple[str, int]]:
    services = server.objects.read(f"{LISTS}/podinfo")["spec"]["weighted"]["services"]
    return [(member["name"], member["weight"]) for member in services]


def routed(server: FakeCluster) -> set[str]:
    """The TraefikServices that there are."""
    return {body["metadata"]["name"] for body in server.objects.items(LISTS, "", "")}


def refused(error: grpc.RpcError) -> str:
    """What Pulumi prints of it: the last line of a traceback, and nothing before."""
    return str(error.details())


def test_the_state_holds_a_reference_and_no_code() -> None:
    for provider, name in ((RolloutProvider(), b"Rollout"), (RetirementProvider(), b"Retirement")):
        pickled = base64.b64decode(Wire(provider, {}).reference)
        assert b"canary.provider" in pickled
        assert name + b"Provider" in pickled
        assert len(pickled) < 80


def test_a_first_version_is_created_and_echoed(wire: Wire, server: FakeCluster) -> None:
    outs = wire.create(props())
    assert outs == props() | {"primary": V1}
    assert weights(server) == [(f"podinfo-{V1}", 100)]
    selector = server.objects.read(f"{NAMESPACE}/services/podinfo")["spec"]["selector"]
    assert selector["app.kubernetes.io/version"] == V1
    lines = [line for line, ephemeral in wire.lines if not ephemeral]
    assert "Succeeded: first version is ready" in lines[-1]


def test_a_create_that_fails_removes_what_it_made(wire: Wire, server: FakeCluster) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        wire.create(props(V2))
    assert refused(caught.value).startswith("Rejected: podinfo:2: ")
    assert refused(caught.value).strip().count("\n") == 0
    assert server.objects.items(LISTS, "", "") == []


def test_the_same_version_again_is_no_run(wire: Wire, server: FakeCluster) -> None:
    outs = wire.create(props())
    more = {**props()["release"], "replicas": 3}
    wire.update(outs, props(release=more))
    assert server.objects.read(f"{DEPLOYMENTS}/podinfo-{V1}")["spec"]["replicas"] == 3
    assert wire.lines[-1] == ("podinfo:1 serves already: no run", True)


def test_a_version_that_is_never_ready_is_one_line(wire: Wire, server: FakeCluster) -> None:
    outs = wire.create(props())
    server.put(DEPLOYMENTS, deployment(V2, 1))
    with pytest.raises(grpc.RpcError) as caught:
        wire.update(outs, props(V2))
    assert refused(caught.value).strip() == (
        "Rejected: podinfo:2: not ready within 1 s: 0 of 1 pods ready; podinfo:1 kept all traffic"
    )
    assert weights(server) == [(f"podinfo-{V1}", 100)]
    assert server.objects.read(f"{DEPLOYMENTS}/podinfo-{V2}")["spec"]["replicas"] == 0


def unreachable(unheard: socket.socket) -> dict[str, str]:
    """A kubeconfig that leads to a port which is taken, so nobody else gets it, but not served."""
    unheard.bind(("127.0.0.1", 0))
    with FakeCluster() as nobody:
        served = nobody.kubeconfig()
        address = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        return {"canary:kubeconfig": served.replace(nobody.url, address)}


def test_an_unreachable_cluster_is_one_line() -> None:
    with socket.socket() as unheard, Wire(RolloutProvider(), unreachable(unheard)) as wire:
        with pytest.raises(grpc.RpcError) as caught:
            wire.read(props())
        assert refused(caught.value).startswith("ClusterError: the API server at ")
        assert "valid" not in refused(caught.value)


def test_inputs_of_another_time_are_told_without_their_values(wire: Wire) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        wire.update(props(), props(release={"host": "app.example.com", "replicas": "hunter2"}))
    assert "hunter2" not in refused(caught.value)


@pytest.mark.parametrize(
    ("news", "changes"),
    [
        ({}, False),
        ({"live": "r1 ended in Progressing: repaired first"}, True),
        ({"image": "podinfo:9"}, True),
        ({"release": {"host": "app.example.com"}}, True),
    ],
)
def test_diff_is_about_inputs_and_a_contradicting_cluster(
    wire: Wire,
    news: dict[str, Any],
    changes: bool,  # noqa: FBT001
) -> None:
    outs = props() | {"primary": V1}
    assert wire.changes(outs, props(**news)) is changes


@pytest.mark.parametrize(
    ("live", "text"),
    [
        ({}, AS_RECORDED),
        ({"held": "run r1 is under way", "damage": ""}, "run r1 is under way"),
        ({"primary": V2, "held": "run r1 is under way"}, "run r1 is under way"),
        ({"primary": V1, "damage": ""}, AS_RECORDED),
        ({"primary": V2, "damage": ""}, f"{V2} serves, not {V1} as the state says"),
        (
            {"primary": V1, "damage": "run r1 ended in Soaking at 100 %"},
            f"run r1 ended in Soaking at 100 %: repaired first, all traffic goes to {V1}",
        ),
    ],
)
def test_check_reduces_what_serves_to_what_contradicts_the_state(
    wire: Wire, live: dict[str, Any], text: str
) -> None:
    assert wire.check(props(), props(V2, live=live))["live"] == text


def test_read_reports_and_never_writes(wire: Wire, server: FakeCluster) -> None:
    outs = wire.create(props())
    writes = [call for call in server.calls if not call.startswith("GET")]
    assert wire.read(outs) == {key: value for key, value in outs.items() if key != "primary"}
    by_hand = [{"kind": "Service", "name": f"podinfo-{V2}", "port": 80, "weight": 100}]
    server.edit(f"{LISTS}/podinfo", {"spec": {"weighted": {"services": by_hand}}})
    assert "the weights were changed" in wire.read(outs)["live"]
    assert [call for call in server.calls if not call.startswith("GET")] == writes


def test_delete_removes_what_runs_made(wire: Wire, server: FakeCluster) -> None:
    outs = wire.create(props())
    wire.delete(outs)
    assert server.objects.items(LISTS, "", "") == []
    assert server.objects.items(f"{NAMESPACE}/configmaps", "", "") == []
    spec = server.objects.read(f"{NAMESPACE}/services/podinfo")["spec"]
    assert not spec.get("selector")


def test_a_serving_version_is_not_retired(wire: Wire, server: FakeCluster) -> None:
    wire.create(props())
    with Wire(RetirementProvider(), {"canary:kubeconfig": server.kubeconfig()}) as retirement:
        retirement.create(props())
        with pytest.raises(grpc.RpcError) as caught:
            retirement.delete(props())
        assert refused(caught.value).strip() == (
            f"StillServing: version {V1} still has the traffic of the apex Service"
        )
        wire.delete(props())
        retirement.delete(props())


def test_a_provider_that_its_engine_left_ends_after_its_last_call(server: FakeCluster) -> None:
    with wired(server) as wire:  # no other test's: it ends here
        wire.create(props())
        wire.leave()
        with pytest.raises(grpc.RpcError):
            wire.delete(props())
        assert wire.await_end(10.0) == 1
    assert server.objects.items(LISTS, "", "") == []  # but it did what it was asked for


def test_more_runs_than_pulumi_has_threads_go_on_at_once_and_no_diff_waits(
    wire: Wire, server: FakeCluster
) -> None:
    names = [f"app{number}" for number in range(7)]
    owned = {"canary.rollout/owner": OWNER}
    for name in names:
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "canary"}
        metadata = {"name": name, "labels": labels, "annotations": owned}
        server.put(f"{NAMESPACE}/services", {"metadata": metadata, "spec": {"ports": []}})
        server.put(DEPLOYMENTS, deployment(V1, 1, app=name))
    slow = {**props()["release"], "progressDeadlineSeconds": 5}
    with futures.ThreadPoolExecutor(len(names)) as pool:
        runs = [pool.submit(wire.create, props(app=name, release=slow)) for name in names]
        until = time.monotonic() + 20
        while not set(names) <= routed(server):
            assert time.monotonic() < until, server.calls[-9:]
            assert not [run.exception() for run in runs if run.done()]
            time.sleep(0.02)
        assert not wire.changes(props(), props())
        assert not any(run.done() for run in runs)
    for run in runs:
        assert isinstance(run.exception(), grpc.RpcError)
