"""Marked secrets wherever a run may meet one, and everything that it says, writes and leaves."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import grpc
import pytest

from canary.provider import RolloutProvider
from tests.contracts.pods import deployment, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.web import Received, Reply, Web, serving
from tests.provider.test_rollout import DEPLOYMENTS, NAMESPACE, OWNER, V1, V2, props
from tests.provider.wire import Wire

MARK = "S3cr3tM4rk"
TOKEN, PASSWORD, KEY, ADDRESS, KEPT, ENV, QUERY = (
    f"{MARK}-{place}-0123456789"
    for place in ("token", "password", "key", "address", "kept", "env", "query")
)


def _kubeconfig(fake: FakeCluster) -> str:
    value = json.loads(fake.kubeconfig())
    users = [
        {"name": "me", "user": {"token": TOKEN}},
        {"name": "basic", "user": {"username": "me", "password": PASSWORD}},
        {"name": "cert", "user": {"client-key-data": b64encode(KEY.encode()).decode()}},
    ]
    return json.dumps({**value, "users": users})


def _cluster(fake: FakeCluster, address: str) -> None:
    fake.tokens.add(TOKEN)
    labels = {"app.kubernetes.io/name": "podinfo", "app.kubernetes.io/managed-by": "canary"}
    metadata = {"name": "podinfo", "labels": labels, "annotations": {"canary.rollout/owner": OWNER}}
    fake.put(f"{NAMESPACE}/services", {"metadata": metadata, "spec": {"ports": []}})
    for version in (V1, V2):
        fake.put(DEPLOYMENTS, deployment(version, 1))
        fake.put(f"{NAMESPACE}/pods", pod(version, version))
    for name, text in (("hook", address), ("database", ENV)):
        data = {"address": b64encode(text.encode()).decode()}
        fake.put(f"{NAMESPACE}/secrets", {"metadata": {"name": name}, "data": data})


def _props(web: Web, version: str = V1) -> dict[str, Any]:
    plain = props(version)
    analysis = {
        "metrics": [],
        "alerts": [
            {"name": name, "severity": "info", "providerRef": {"name": name}}
            for name in ("ops", "kept", "gone")
        ],
        "webhooks": [
            {"name": kind, "type": kind, "url": f"{web.url}/{kind}?key={QUERY}"}
            for kind in ("pre-rollout", "event", "post-rollout")
        ],
    }
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "database", "key": "address"}}}]
    providers = {
        "ops": {"type": "webhook"},
        "kept": {"type": "slack", "secretRef": {"name": "hook"}},
        "gone": {"type": "webhook"},
    }
    return {
        **plain,
        "podTemplate": {"spec": {"containers": [{"name": "podinfo", "env": env}]}},
        "release": {**plain["release"], "analysis": analysis},
        "access": {"alertProviders": providers},
    }


def _loose_tongued(received: Received) -> Reply:
    """Refuses everything, and repeats what it was asked."""
    said = f"no: {received.path} authorization: Bearer {QUERY} http://me:{QUERY}@example.com/"
    return Reply(status=500, body=said.encode())


def test_no_secret_is_said_written_or_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CANARY_REPORT", str(tmp_path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    with serving(_loose_tongued) as web, FakeCluster() as fake:
        _cluster(fake, f"{web.url}/{KEPT}")
        addresses = {"ops": f"{web.url}/{ADDRESS}", "gone": f"http://127.0.0.1:1/{ADDRESS}"}
        config = {
            "canary:kubeconfig": _kubeconfig(fake),
            "canary:alertAddresses": json.dumps(addresses),
        }
        with Wire(RolloutProvider(), config) as wire:
            checked = wire.check({}, _props(web))
            outs = wire.create(_props(web))
            with pytest.raises(grpc.RpcError) as caught:
                wire.update(outs, _props(web, V2))
            read = wire.read(outs)
            lines = [line for line, _ in wire.lines]
        written = [body for path, body in fake.objects.by_path.items() if "/secrets/" not in path]
    met = {received.path.partition("?")[0] for received in web.received}
    assert met >= {"/pre-rollout", "/event", "/post-rollout", f"/{ADDRESS}", f"/{KEPT}"}
    assert "webhook pre-rollout: answered 500" in str(caught.value), "what the hook said is told"
    files = [path.read_text() for path in tmp_path.rglob("*")]
    assert len(files) >= 5
    texts = [str(caught.value), *lines, *files, json.dumps(written), *capfd.readouterr()]
    assert not [text for text in texts if MARK in text]
    # A webhook's address is configuration, and so in the state: the one thing that is not hidden.
    state = json.dumps([checked, outs, read]).replace(f"?key={QUERY}", "")
    assert MARK not in state
