"""A stack's configuration: whatever is wrong is told in lines that name no secret."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given

from canary.config import decoded, load
from tests.config.samples import APP, TUTORIAL
from tests.fuzz.spoiling import DEEP, MARK, SECRET, fuzzed, said, spoilt, texts

WEBHOOK = {
    "name": "gate",
    "type": "confirm-rollout",
    "url": f"https://me:{SECRET}@gate.example/?k={SECRET}",
}
RIGHT: dict[str, Any] = {
    "kubeconfig": f"token: {SECRET}",
    "alertAddresses": {"chat": f"https://hooks.example.com/{SECRET}"},
    "alertProviders": {"chat": {"type": "slack", "channel": "ops"}},
    "prometheus": {"install": False, "access": {"url": f"https://me:{SECRET}@prometheus.example"}},
    "traefik": {"service": {"type": "ClusterIP"}},
    "metricTemplates": {"errors": {"query": "sum(up)"}},
    "apps": {
        "podinfo": {
            **APP,
            "env": {"A": "b"},
            "analysis": {
                **TUTORIAL["analysis"],
                "webhooks": [WEBHOOK],
                "alerts": [{"name": "all", "providerRef": {"name": "chat"}}],
            },
        }
    },
}


@fuzzed
@given(spoilt(RIGHT))
def test_a_spoilt_configuration_is_told_of(raw: dict[str, Any]) -> None:
    assert MARK not in said(lambda: load(raw) and "")


@fuzzed
@example(DEEP)
@given(texts)
def test_any_text_is_read(text: str) -> None:
    said(lambda: load(decoded({"canary:apps": text, "canary:traefik": json.dumps(text)})))
