"""A first version of an app that somebody else runs: what is taken over, and given back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.contracts.pods import deployment, pod
from tests.fakes.cluster import FakeCluster
from tests.provider.test_rollout import (
    DEPLOYMENTS,
    LISTS,
    NAMESPACE,
    OWNER,
    V1,
    V2,
    props,
    refused,
    routed,
    weights,
    wired,
)

MEMBER = {"name": "podinfo-primary", "port": 80, "weight": 100}
SELECTOR = {"app": "podinfo"}
SLICES = "/apis/discovery.k8s.io/v1/namespaces/test/endpointslices"


@pytest.fixture
def server() -> Iterator[FakeCluster]:
    """Pulumi has made the first version, and put its marks on the Service that was there."""
    with FakeCluster() as server:
        metadata = {"name": "podinfo", "annotations": {"canary.rollout/owner": OWNER}}
        server.put(f"{NAMESPACE}/services", {"metadata": metadata, "spec": {"selector": SELECTOR}})
        server.put(DEPLOYMENTS, deployment(V1, 1))
        server.put(f"{NAMESPACE}/pods", pod(V1, "one"))
        spec = {"weighted": {"services": [MEMBER]}}
        server.put(LISTS, {"metadata": {"name": "podinfo"}, "spec": spec}, "flagger")
        labels = {"kubernetes.io/service-name": f"podinfo-{V1}"}
        server.put(SLICES, {"metadata": {"name": "s", "labels": labels}, "endpoints": [{}]})
        yield server


def adopting(version: str) -> dict[str, Any]:
    adopt = ["Service/podinfo", "TraefikService/podinfo"]
    release = {**props()["release"], "createNamespace": False, "adopt": adopt}
    return props(version, release=release)


def selector(server: FakeCluster) -> Any:
    return server.objects.read(f"{NAMESPACE}/services/podinfo")["spec"]["selector"]


def test_a_first_version_takes_over(server: FakeCluster) -> None:
    with wired(server) as wire:
        wire.create(adopting(V1))
    assert weights(server) == [(f"podinfo-{V1}", 100)]
    assert selector(server)["app.kubernetes.io/version"] == V1


def test_a_first_version_that_fails_gives_back_what_it_was_to_take_over(
    server: FakeCluster,
) -> None:
    with wired(server) as wire, pytest.raises(grpc.RpcError) as caught:
        wire.create(adopting(V2))
    assert refused(caught.value).strip().endswith("(what was to be taken over serves as before)")
    assert weights(server) == [("podinfo-primary", 100)]
    assert routed(server) == {"podinfo"}
    assert not server.objects.read(f"{LISTS}/podinfo")["metadata"]["annotations"]
    assert selector(server) == SELECTOR


def test_what_is_not_named_is_not_touched(server: FakeCluster) -> None:
    with wired(server) as wire, pytest.raises(grpc.RpcError) as caught:
        wire.create(props(V1))
    assert "TraefikService podinfo in namespace test exists and is not ours" in refused(
        caught.value
    )
    assert weights(server) == [("podinfo-primary", 100)]
    assert selector(server) == SELECTOR
