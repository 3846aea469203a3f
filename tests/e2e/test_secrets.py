"""Marked secrets, and those of the bed itself, are nowhere to be read after real releases."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.settings import BETTER, ELSEWHERE, GOOD
from tests.e2e.world import World

pytestmark = pytest.mark.bed

MARK = "S3cr3tM4rk"
ADDRESS = f"http://127.0.0.1:1/{MARK}-address"
GATE = {"name": "acceptance", "type": "pre-rollout", "timeout": "1s"}
HOOK = f"http://127.0.0.1:1/accept?key={MARK}-query"


def test_no_secret_is_printed_stored_or_told(world: World) -> None:
    _write(world, GOOD)
    world.project.up()
    _database(world)
    _write(world, BETTER, env=True, addresses=_addresses(world))
    preview = world.project.preview("--diff")
    with world.probe():
        good = world.project.up()
    hooked = {"webhooks": [{**GATE, "url": HOOK}]}
    _write(world, GOOD, env=True, addresses=_addresses(world), analysis=hooked)
    bad = world.project.up(fails=True)
    texts = {
        "preview": preview.text,
        "good": good.text,
        "bad": bad.text,
        "events": world.events(),
        "status": world.canary("status", world.app, "-n", world.namespace),
        "objects": json.dumps(world.objects("deployments,configmaps,leases,traefikservices")),
        # A hook's URL is an input like any other, and docs/security.md says so.
        "state": json.dumps(world.project.export()).replace(HOOK, ""),
        **{path.name: path.read_text() for path in world.project.reports.glob("*")},
    }
    assert len(texts) >= 11, "reports of three runs, each in two forms"
    assert "webhook acceptance" in bad.text, "what went wrong is told"
    marked = [MARK, *_credentials(world)]
    assert not [(name, secret[:12]) for name in texts for secret in marked if secret in texts[name]]


def _write(
    world: World,
    image: str,
    *,
    env: bool = False,
    addresses: Any = None,
    analysis: dict[str, Any] | None = None,
) -> None:
    alerts = [{"name": "team", "severity": "info", "providerRef": {"name": "chat"}}]
    changes: dict[str, Any] = {"analysis": {"alerts": alerts, **(analysis or {})}}
    if env:
        changes["env"] = {"KEPT": {"secretKeyRef": {"name": "database", "key": "password"}}}
    kept = {"alertAddresses": addresses} if addresses else {}
    providers = {"chat": {"type": "webhook"}}
    apps = {world.app: world.settings(image, changes)}
    world.project.write({**ELSEWHERE, **kept, "alertProviders": providers, "apps": apps})
    if not addresses:
        key = "canary:alertAddresses.chat"
        world.project.run("config", "set", "--secret", "--path", key, ADDRESS)


def _addresses(world: World) -> Any:
    """As the CLI encrypted them."""
    path = next((world.project.directory / "stacks").glob("Pulumi.*.yaml"))
    return yaml.safe_load(path.read_text())["config"]["canary:alertAddresses"]


def _database(world: World) -> None:
    literal = f"--from-literal=password={MARK}-env"
    create = ("create", "secret", "generic", "database", literal)
    world.bed.kubectl("-n", world.namespace, *create)


def _credentials(world: World) -> Iterator[str]:
    """What the bed's kubeconfig holds, in both forms."""
    raw = world.bed.kubectl("config", "view", "--raw", "--minify", "--flatten")
    for user in yaml.safe_load(raw)["users"]:
        secrets = [user["user"].get(key) for key in ("token", "client-key-data", "password")]
        assert any(secrets), "a kubeconfig with some credential"
        for secret in filter(None, secrets):
            yield secret
            yield b64encode(secret.encode()).decode()
