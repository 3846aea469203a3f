"""Marked secrets, and those of the bed itself, are nowhere to be read after real releases."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.settings import BETTER, ELSEWHERE, GOOD, merged
from tests.e2e.world import World

pytestmark = pytest.mark.bed

MARK = "S3cr3tM4rk"
ADDRESS = f"http://127.0.0.1:1/{MARK}-address"
KEPT = {key: {"name": "kept", "key": key} for key in ("password", "query", "header", "sign", "ask")}
GATE: dict[str, Any] = {
    "name": "acceptance",
    "type": "pre-rollout",
    "timeout": "1s",
    "url": "http://127.0.0.1:1/accept",
    "secretQuery": {"key": KEPT["query"]},
    "secretHeaders": {"X-Key": KEPT["header"]},
    "signature": KEPT["sign"],
}
LOGGING = {
    "traefik": "traefik",
    "prometheus": "canary-system",
    "flagger-loadtester": "canary-system",
}


def test_no_secret_is_printed_stored_or_told(world: World) -> None:
    _write(world, GOOD)
    world.project.up()
    _keep(world)
    _write(world, BETTER, addresses=_addresses(world))
    preview = world.project.preview("--diff")
    with world.probe():
        good = world.project.up()
    _write(world, GOOD, addresses=_addresses(world), analysis={"webhooks": [GATE]})
    bad = world.project.up(fails=True)
    texts = {
        "preview": preview.text,
        "good": good.text,
        "bad": bad.text,
        "events": world.events(),
        "status": world.canary("status", world.app, "-n", world.namespace),
        "objects": json.dumps(world.objects("deployments,configmaps,leases,traefikservices")),
        "state": json.dumps(world.project.export()),
        **{f"log of {name}": _log(world, name) for name in LOGGING},
        **{path.name: path.read_text() for path in world.project.reports.glob("*")},
    }
    assert len(texts) >= 14, "reports of three runs, each in two forms"
    assert "webhook acceptance" in bad.text, "what went wrong is told"
    marked = [MARK, *_credentials(world)]
    assert not [(name, secret[:12]) for name in texts for secret in marked if secret in texts[name]]


def _write(
    world: World,
    image: str,
    *,
    addresses: Any = None,
    analysis: dict[str, Any] | None = None,
) -> None:
    alerts = [{"name": "team", "severity": "info", "providerRef": {"name": "chat"}}]
    changes: dict[str, Any] = {"analysis": {"alerts": alerts, **(analysis or {})}}
    config: dict[str, Any] = {**ELSEWHERE, "alertProviders": {"chat": {"type": "webhook"}}}
    if addresses:
        changes["env"] = {"KEPT": {"secretKeyRef": KEPT["password"]}}
        asked = {"X-Key": {**KEPT["ask"], "namespace": world.namespace}}
        config = merged(config, {"prometheus": {"access": {"secretHeaders": asked}}})
        config["alertAddresses"] = addresses
    world.project.write({**config, "apps": {world.app: world.settings(image, changes)}})
    if not addresses:
        key = "canary:alertAddresses.chat"
        world.project.run("config", "set", "--secret", "--path", key, ADDRESS)


def _addresses(world: World) -> Any:
    """As the CLI encrypted them."""
    path = next((world.project.directory / "stacks").glob("Pulumi.*.yaml"))
    return yaml.safe_load(path.read_text())["config"]["canary:alertAddresses"]


def _keep(world: World) -> None:
    """One Secret with everything that a release is told by reference."""
    literals = (f"--from-literal={key}={MARK}-{key}" for key in KEPT)
    create = ("create", "secret", "generic", "kept", *literals)
    world.bed.kubectl("-n", world.namespace, *create)


def _log(world: World, name: str) -> str:
    """What the pods of a component have written lately."""
    pods = ("-l", f"app.kubernetes.io/name={name}", "--since=10m", "--tail=-1", "--prefix")
    return world.bed.kubectl("-n", LOGGING[name], "logs", *pods)


def _credentials(world: World) -> Iterator[str]:
    """What the bed's kubeconfig holds, in both forms."""
    raw = world.bed.kubectl("config", "view", "--raw", "--minify", "--flatten")
    for user in yaml.safe_load(raw)["users"]:
        secrets = [user["user"].get(key) for key in ("token", "client-key-data", "password")]
        assert any(secrets), "a kubeconfig with some credential"
        for secret in filter(None, secrets):
            yield secret
            yield b64encode(secret.encode()).decode()
