"""What somebody deleted at rest, as the next update finds it: over the wire and real HTTP."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from tests.contracts.pods import deployment
from tests.fakes.cluster import FakeCluster
from tests.provider.test_rollout import (
    DEPLOYMENTS,
    LISTS,
    NAMESPACE,
    OWNER,
    V1,
    props,
    refused,
    running,
    server,
    weights,
    wire,
)
from tests.provider.wire import Wire

__all__ = ["running", "server", "wire"]  # the fixtures

SERVICE = f"{NAMESPACE}/services/podinfo"


def lines(wire: Wire) -> list[str]:
    return [line for line, ephemeral in wire.lines if not ephemeral]


def selected(server: FakeCluster) -> Any:
    selector = server.objects.read(SERVICE)["spec"].get("selector") or {}
    return selector.get("app.kubernetes.io/version")


def test_a_route_is_made_again_and_leads_to_whom_the_service_names(
    wire: Wire, server: FakeCluster
) -> None:
    outs = wire.create(props())
    for body in server.objects.items(LISTS, "", ""):
        server.objects.delete(f"{LISTS}/{body['metadata']['name']}", {})
    text = f"the TraefikService was deleted: repaired first, all traffic goes to {V1}"
    assert wire.read(outs)["live"] == text
    wire.lines.clear()
    wire.update(outs, props(live=text))
    (line,) = lines(wire)
    assert line.endswith(
        "repaired: the TraefikService was deleted; all traffic is back on podinfo:1"
    )
    assert weights(server) == [(f"podinfo-{V1}", 100)]
    assert selected(server) == V1


def test_a_service_is_asked_for_and_pointed_to_the_version_once_it_is_there(
    wire: Wire, server: FakeCluster
) -> None:
    outs = wire.create(props())
    server.objects.delete(SERVICE, {})
    with pytest.raises(grpc.RpcError) as caught:
        wire.update(outs, props(live="the apex Service names no version"))
    assert refused(caught.value).strip() == (
        "ClusterError: Service podinfo in namespace test does not exist; was it deleted by hand? "
        "`pulumi up --refresh` makes it again"
    )
    metadata = {"name": "podinfo", "annotations": {"canary.rollout/owner": OWNER}}
    server.put(f"{NAMESPACE}/services", {"metadata": metadata, "spec": {}})
    wire.update(outs, props(live="the apex Service names no version"))
    assert selected(server) == V1


def test_a_deployment_is_asked_for_and_gets_its_pods_once_it_is_there(
    wire: Wire, server: FakeCluster
) -> None:
    outs = wire.create(props())
    server.objects.delete(f"{DEPLOYMENTS}/podinfo-{V1}", {})
    wanted = {**props()["release"], "replicas": 3}
    with pytest.raises(grpc.RpcError) as caught:
        wire.update(outs, props(release=wanted))
    assert refused(caught.value).strip() == (
        f"ClusterError: Deployment podinfo-{V1} in namespace test does not exist; was it deleted "
        "by hand? `pulumi up --refresh` makes it again"
    )
    server.put(DEPLOYMENTS, deployment(V1, 1))
    wire.update(outs, props(release=wanted))
    assert server.objects.read(f"{DEPLOYMENTS}/podinfo-{V1}")["spec"]["replicas"] == 3
