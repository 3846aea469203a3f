"""Alerts of a run in Pulumi's provider process: the address comes as a secret and stays one."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import grpc
import pytest

from canary.provider import RolloutProvider
from tests.contracts.pods import deployment, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.web import Reply, Web, serving
from tests.provider.test_rollout import DEPLOYMENTS, NAMESPACE, OWNER, V1, V2, props
from tests.provider.wire import Wire

TOKEN = "S3cr3tT0ken"


def _cluster(fake: FakeCluster, address: str) -> None:
    labels = {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/managed-by": "canary"}
    metadata = {"name": "podinfo", "labels": labels, "annotations": {"canary.rollout/owner": OWNER}}
    fake.put(f"{NAMESPACE}/services", {"metadata": metadata, "spec": {"ports": []}})
    fake.put(DEPLOYMENTS, deployment(V1, 1))
    fake.put(DEPLOYMENTS, deployment(V2, 1))
    fake.put(f"{NAMESPACE}/pods", pod(V1, "one"))
    data = {"address": b64encode(address.encode()).decode()}
    fake.put(f"{NAMESPACE}/secrets", {"metadata": {"name": "hook"}, "data": data})


def _props(version: str = V1) -> dict[str, Any]:
    plain = props(version)
    alerts = [
        {"name": "all", "providerRef": {"name": "ops"}},
        {"name": "bad", "severity": "error", "providerRef": {"name": "kept"}},
    ]
    release = {**plain["release"], "analysis": {"metrics": [], "alerts": alerts}}
    providers = {
        "ops": {"type": "webhook"},
        "kept": {"type": "slack", "secretRef": {"name": "hook"}},
    }
    return {**plain, "release": release, "access": {"alertProviders": providers}}


def _bodies(web: Web, path: str) -> list[Any]:
    return [json.loads(one.body) for one in web.received if one.path.startswith(path)]


def test_a_run_is_told_and_no_address_comes_back() -> None:
    with serving(lambda _: Reply()) as web, FakeCluster() as fake:
        _cluster(fake, f"{web.url}/kept/{TOKEN}")
        addresses = json.dumps({"ops": f"{web.url}/ops/{TOKEN}"})
        config = {"canary:kubeconfig": fake.kubeconfig(), "canary:alertAddresses": addresses}
        with Wire(RolloutProvider(), config) as wire:
            outs = wire.create(_props())
            with pytest.raises(grpc.RpcError) as caught:
                wire.update(outs, _props(V2))
            lines = "".join(line for line, _ in wire.lines)
    first, promoted, begun, rejected = _bodies(web, "/ops/")
    assert (first["phase"], first["toImage"]) == ("Preparing", "podinfo:1")
    assert (promoted["outcome"], promoted["severity"]) == ("promoted", "info")
    assert (begun["fromImage"], begun["toImage"]) == ("podinfo:1", "podinfo:2")
    assert (rejected["outcome"], rejected["severity"]) == ("rejected", "error")
    assert "not ready within 1 s: 0 of 1 pods ready" in rejected["text"]
    (kept,) = _bodies(web, "/kept/")
    assert kept["attachments"][0]["title"] == "podinfo in test: rejected"
    for text in (json.dumps(outs), lines, str(caught.value)):
        assert TOKEN not in text
        assert web.url not in text


def test_a_missing_address_is_one_line_and_the_run_succeeds() -> None:
    with serving(lambda _: Reply()) as web, FakeCluster() as fake:
        _cluster(fake, web.url)
        config = {"canary:kubeconfig": fake.kubeconfig()}
        with Wire(RolloutProvider(), config) as wire:
            assert wire.create(_props())["primary"] == V1
            lines = [line for line, _ in wire.lines if line.startswith("alert")]
    assert lines == [
        (
            "alert all does not reach provider ops: its address cannot be read: "
            "canary:alertAddresses.ops is not set; the run does not depend on it"
        )
    ]
