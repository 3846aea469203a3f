"""A Prometheus as others run it: behind TLS of their own authority, a login and a path."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canary.components.traefik_specs import WEBSECURE_PORT
from tests.e2e.settings import BETTER, ELSEWHERE, GOOD, merged
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

HOME = "canary-system"  # where the real Prometheus is, and what stands before it
USER, PASSWORD = "keeper", "open-sesame"
TRAEFIK = "traefik.io/v1alpha1"


@pytest.fixture
def gateway(world: World) -> Iterator[World]:
    """A route to Prometheus: HTTPS, basic authentication, and a prefix that it does not know."""
    world.bed.kubectl("apply", "-f", "-", stdin=json.dumps(_objects(world)))
    try:
        await_(lambda: _answers(world), "a route that asks for a login", 60)
        yield world
    finally:
        kinds = "secret,middleware,ingressroute"
        world.bed.kubectl("-n", HOME, "delete", kinds, "-l", f"gateway={world.namespace}")


def test_a_release_is_judged_by_a_prometheus_behind_a_login(gateway: World) -> None:
    world = gateway
    _write(world, GOOD, "right")
    world.project.up()
    _write(world, BETTER, "right")
    with world.probe() as users, world.weights() as weights:
        result = world.project.up()
    assert weights.steps() == [0, 20, 50, 100, 0]
    assert "20 % to the canary" in result.text
    assert PASSWORD not in result.text
    users.answers().assert_none_failed()


def test_what_keeps_it_from_answering_is_said_before_anything_is_touched(gateway: World) -> None:
    world = gateway
    _write(world, GOOD, "right")
    world.project.up()
    before = world.marks()
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "(401): does it want canary:prometheus.access.bearer, .basic or": ("wrong", {}),
        "(404): is canary:prometheus.access.path what comes before": ("right", {"path": "/other"}),
        "trust in canary:prometheus.access.caCertificate": ("right", {"caCertificate": None}),
    }
    for reason, (secret, changes) in told.items():
        _write(world, BETTER, secret, changes)
        refused = world.project.up(fails=True)
        assert [line for line in refused.reasons if reason in line], refused.text
        assert PASSWORD not in refused.text
    assert world.marks() == before


def _write(world: World, image: str, secret: str, changes: dict[str, Any] | None = None) -> None:
    access = {
        "via": "direct",
        "url": f"https://{_address(world)}:{WEBSECURE_PORT}",
        "path": f"/{world.namespace}/prometheus",
        "basic": {"username": USER, "password": {"name": _name(world), "key": secret}},
        "caCertificate": (world.directory / "ca.crt").read_text(),
    }
    access = merged(access, changes or {})
    world.shared["prometheus"] = {**ELSEWHERE["prometheus"], "access": access}
    world.write(image)


ASK = """
import ssl, sys, urllib.error, urllib.request
url, authority = sys.argv[1:]
trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority))
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({}), trusted).open(url, timeout=5)
except urllib.error.HTTPError as error:
    print(error.code)
except OSError as error:
    print(error)
"""


def _answers(world: World) -> bool:
    """Whether Traefik has loaded certificate, login and route: without a word it says 401."""
    address = f"{_address(world)}:{WEBSECURE_PORT}"
    url = f"https://{address}/{world.namespace}/prometheus/-/ready"
    command = [sys.executable, "-E", "-s", "-c", ASK, url, str(world.directory / "ca.crt")]
    with world.bed.popen(command, stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate(timeout=30)
    return bool(said == "401\n")


def _address(world: World) -> str:
    """A pod of Traefik's: asked by address, it knows only certificates for its own."""
    pods = ("-n", "traefik", "get", "pods", "-l", "app.kubernetes.io/name=traefik", "-o")
    return world.bed.kubectl(*pods, "jsonpath={.items[0].status.podIP}")


def _name(world: World) -> str:
    return f"gateway-{world.namespace}"


def _objects(world: World) -> dict[str, Any]:
    name, prefix = _name(world), f"/{world.namespace}"
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()  # noqa: S324
    served = {"name": "prometheus", "port": 9090}
    passed = [{"name": f"{name}-login"}, {"name": f"{name}-prefix"}]
    route = {
        "kind": "Rule",
        "match": f"PathPrefix(`{prefix}/prometheus`)",
        "middlewares": passed,
        "services": [served],
    }
    certificate, key = _certificate(world.directory, _address(world))
    items = [
        _secret(world, name, {"right": PASSWORD, "wrong": f"not-{PASSWORD}"}),
        _secret(world, f"{name}-users", {"users": f"{USER}:{{SHA}}{digest}"}),
        _secret(world, f"{name}-tls", {"tls.crt": certificate, "tls.key": key}),
        _object(world, "Middleware", f"{name}-login", {"basicAuth": {"secret": f"{name}-users"}}),
        _object(
            world,
            "Middleware",
            f"{name}-prefix",
            {"stripPrefix": {"prefixes": [f"{prefix}/prometheus"]}},
        ),
        _object(
            world,
            "IngressRoute",
            name,
            {
                "entryPoints": ["websecure"],
                "routes": [route],
                "tls": {"secretName": f"{name}-tls"},
            },
        ),
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _object(world: World, kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": TRAEFIK, "kind": kind, "metadata": _metadata(world, name), "spec": spec}


def _secret(world: World, name: str, values: dict[str, str]) -> dict[str, Any]:
    metadata = _metadata(world, name)
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": values}


def _metadata(world: World, name: str) -> dict[str, Any]:
    return {"name": name, "namespace": HOME, "labels": {"gateway": world.namespace}}


def _certificate(directory: Path, address: str) -> tuple[str, str]:
    """A certificate that vouches for itself, and its key, as PEM."""
    new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=gateway"
    files = ["-keyout", str(directory / "ca.key"), "-out", str(directory / "ca.crt")]
    names = ["-addext", f"subjectAltName=IP:{address}"]
    command = ["openssl", *new.split(), *files, *names]
    subprocess.run(command, check=True, capture_output=True)
    return (directory / "ca.crt").read_text(), (directory / "ca.key").read_text()
