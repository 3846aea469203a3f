"""Alerts in the configuration: what is accepted, what is refused, what never shows."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S, load
from canary.errors import ClusterError
from canary.inputs import access_of, release_of
from canary.planning import describe, plan_of
from canary.preflight.alerts import alert_findings
from canary.preflight.look import Doors, look
from tests.config.readers import AskedPrometheus, StoredCluster, serving
from tests.config.samples import loaded, problems, stack

URL = "https://hooks.example.com/services/T0/B0/S3cr3t"
ALERT = {"name": "on-call", "severity": "error", "providerRef": {"name": "ops"}}
SLACK = {"type": "slack", "channel": "releases", "username": "canary"}
SECRET = "/api/v1/namespaces/test/secrets/hook"


def _raw(
    alerts: list[Any] | None = None,
    provider: dict[str, Any] | None = None,
    addresses: Any = None,
) -> dict[str, Any]:
    return stack(
        {"analysis": {"alerts": [ALERT] if alerts is None else alerts}},
        alertProviders={"ops": SLACK if provider is None else provider},
        alertAddresses={"ops": URL} if addresses is None else addresses,
    )


def _one(*args: Any, **others: Any) -> str:
    found = problems(_raw(*args, **others))
    assert len(found) == 1, found
    assert "S3cr3t" not in found[0]
    return found[0]


@pytest.mark.parametrize("kind", ["slack", "msteams", "discord", "rocket", "gchat", "webhook"])
def test_every_type_of_the_peer_and_plain_json(kind: str) -> None:
    config = load(_raw(provider={"type": kind}))
    assert config.alert_providers["ops"].type == kind


def test_everything_is_told_unless_said() -> None:
    config = load(_raw([{"name": "a", "providerRef": {"name": "ops"}}]))
    assert config.apps["podinfo"].analysis.alerts[0].severity == "info"


def test_an_address_is_in_no_input_and_in_no_repr() -> None:
    config = load(_raw())
    shown = json.dumps([access_of(config), release_of(config.apps["podinfo"])])
    assert '"on-call"' in shown
    assert '"channel": "releases"' in shown
    assert "hooks.example.com" not in shown + repr(config)


@pytest.mark.parametrize(
    ("alert", "problem"),
    [
        ({"name": "a"}, "[0].providerRef: is required"),
        ({"name": "a", "providerRef": {}}, "[0].providerRef.name: is required"),
        ({**ALERT, "severity": "fatal"}, "[0].severity: must be info, warn or error"),
        (
            {**ALERT, "providerRef": {"name": "dev"}},
            "[0].providerRef.name: dev is not one of canary:alertProviders (there: ops)",
        ),
        (
            {**ALERT, "providerRef": {"name": "ops", "namespace": "x"}},
            "[0].providerRef.namespace: is not needed: the providers are those of this stack",
        ),
    ],
)
def test_an_alert(alert: dict[str, Any], problem: str) -> None:
    assert _one([alert]) == f"canary:apps.podinfo.analysis.alerts{problem}"


def test_an_alert_without_any_provider() -> None:
    raw = stack({"analysis": {"alerts": [ALERT]}})
    assert problems(raw) == [
        (
            "canary:apps.podinfo.analysis.alerts[0].providerRef.name: "
            "ops is not one of canary:alertProviders (there: none)"
        )
    ]


def test_two_alerts_of_one_name() -> None:
    text = "canary:apps.podinfo.analysis.alerts[1].name: another alert has this name"
    assert _one([ALERT, ALERT]) == text


@pytest.mark.parametrize(
    ("provider", "problem"),
    [
        ({}, ".type: is required"),
        ({"type": "pager"}, ".type: must be slack, msteams, discord, rocket, gchat or webhook"),
        ({**SLACK, "address": URL}, ".address: is a secret and belongs into canary:alertAddresses"),
        ({**SLACK, "proxy": "http://p"}, ".proxy: is not set here: HTTPS_PROXY"),
        ({"type": "gchat", "channel": "c"}, ".channel: is not a thing of gchat: remove it"),
        ({"type": "msteams", "username": "c"}, ".username: is not a thing of msteams: remove it"),
        (
            {**SLACK, "secretRef": {"name": "hook"}},
            ".secretRef: canary:alertAddresses.ops is its address too: remove one of the two",
        ),
    ],
)
def test_a_provider(provider: dict[str, Any], problem: str) -> None:
    assert _one(provider=provider).startswith(f"canary:alertProviders.ops{problem}")


def test_a_provider_without_an_address() -> None:
    assert _one(addresses={}) == (
        "canary:alertProviders.ops: has no address: pulumi config set --secret --path "
        "'canary:alertAddresses.ops' URL, or name a Secret with secretRef"
    )


@pytest.mark.parametrize(
    ("addresses", "problem"),
    [
        (URL, ": must be a mapping from the names of alertProviders to URLs"),
        ([URL], ": must be a mapping from the names of alertProviders to URLs"),
        ({URL: "ops"}, ": has a key that cannot be the name of one of alertProviders"),
        ({"ops": "hooks.example.com/S3cr3t"}, ".ops: must be a URL that starts with https://"),
        ({"ops": "ftp://hooks/S3cr3t"}, ".ops: must be a URL that starts with https://"),
        ({"ops": "https://[S3cr3t"}, ".ops: must be a URL that starts with https://"),
        ({"ops": "https:///S3cr3t"}, ".ops: must be a URL that starts with https://"),
        ({"ops": f"{URL} x"}, ".ops: must be a URL that starts with https://"),
        ({"ops": {"url": URL}}, ".ops: must be a URL that starts with https://"),
        ({"ops": 12345}, ".ops: must be a URL that starts with https://"),
        ({"ops": URL, "dev": URL}, ".dev: there is no canary:alertProviders.dev"),
    ],
)
def test_addresses(addresses: Any, problem: str) -> None:
    assert _one(addresses=addresses).startswith(f"canary:alertAddresses{problem}")


def test_the_preview_names_alerts_by_their_provider() -> None:
    app = load(_raw()).apps["podinfo"]
    plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    lines = describe("podinfo", app, plan).lines
    assert "  alert on-call: error and worse to ops" in lines
    assert "S3cr3t" not in "".join(lines)


def _secret(**data: str) -> dict[str, Any]:
    return {SECRET: {"data": {k: b64encode(v.encode()).decode() for k, v in data.items()}}}


def _looked(objects: dict[str, Any], **ref: str) -> tuple[str, ...]:
    provider = {"type": "slack", "secretRef": {"name": "hook", **ref}}
    config = load(_raw(provider=provider, addresses={}))
    return alert_findings(config, StoredCluster(objects=objects)).problems


def test_a_secret_with_an_address_is_fine() -> None:
    assert _looked(_secret(address=f"{URL}\n")) == ()
    assert _looked(_secret(url=URL), key="url", namespace="test") == ()


@pytest.mark.parametrize(
    ("objects", "ref", "problem"),
    [
        ({}, {}, "there is no Secret hook in namespace test"),
        ({}, {"namespace": "ops"}, "there is no Secret hook in namespace ops"),
        (_secret(url=URL), {}, "Secret hook in namespace test has no key address"),
        ({SECRET: {}}, {}, "Secret hook in namespace test has no key address"),
        (
            _secret(address="S3cr3t"),
            {},
            "key address of Secret hook in namespace test is not a valid URL",
        ),
        ({SECRET: {"data": {"address": "?"}}}, {}, "key address of Secret hook in namespace test"),
    ],
)
def test_a_secret_without_one(objects: Any, ref: dict[str, str], problem: str) -> None:
    (found,) = _looked(objects, **ref)
    assert found.startswith(f"canary:alertProviders.ops.secretRef: {problem}")
    assert "S3cr3t" not in found


def test_preflight_looks_at_secrets_only_where_there_are_references() -> None:
    forbidden = {SECRET: ClusterError("secrets may not be read", status=403)}
    cluster = StoredCluster(objects=serving(), refusals=forbidden)
    doors = Doors(cluster=cluster, prometheus=AskedPrometheus())
    assert (
        look(load(_raw()), lambda: doors, owner="a" * 32).problems
        == look(loaded(), lambda: doors, owner="a" * 32).problems
    )
    referring = load(_raw(provider={"type": "slack", "secretRef": {"name": "hook"}}, addresses={}))
    found = look(referring, lambda: doors, owner="a" * 32)
    assert "secrets may not be read" in found.problems
