"""Somebody else's route on the same host, with a longer path: a release does not touch it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.probes import Probe
from tests.e2e.settings import BETTER, GOOD, PROBED, TESTAPP
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

LABELS = {"app": "neighbour"}
PATH = "/neighbour"
OURS = "6.9.2"


def test_a_longer_path_on_the_same_host_keeps_all_its_requests(world: World) -> None:
    world.write(GOOD)
    world.project.up()
    _move_in(world)
    world.write(BETTER)
    with _next_door(world) as neighbours, world.probe() as users, world.weights() as weights:
        world.project.up()
    assert weights.steps() == [0, 20, 50, 100, 0]
    assert neighbours.answers().versions() == {"3"}
    assert users.answers().versions() == {OURS, f"{OURS}-blue"}
    for answers in (neighbours.answers(), users.answers()):
        answers.assert_none_failed()


def _move_in(world: World) -> None:
    items = [_deployment(), _service(), _route(world.host)]
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    here = ("-n", world.namespace)
    world.bed.kubectl(*here, "apply", "-f", "-", stdin=body)
    world.bed.kubectl(*here, "rollout", "status", "deployment/neighbour", "--timeout=120s")
    with _next_door(world) as probe:
        await_(lambda: "3" in probe.answers().versions(), "Traefik routes to it", 60)


def _next_door(world: World) -> Probe:
    return world.probe(host=f"{world.host}{PATH}", methods=("GET", "POST"))


def _deployment() -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "app",
        "image": f"{TESTAPP}:3",
        "ports": [{"containerPort": 8080}],
    }
    container["readinessProbe"] = {"httpGet": {"path": "/readyz", "port": 8080}, **PROBED}
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "neighbour"},
        "spec": {"selector": {"matchLabels": LABELS}, "template": template},
    }


def _service() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "neighbour"},
        "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def _route(host: str) -> dict[str, Any]:
    """As its owner wrote it: without a priority, so that Traefik takes the rule's length."""
    rule = {
        "kind": "Rule",
        "match": f"Host(`{host}`) && PathPrefix(`{PATH}`)",
        "services": [{"name": "neighbour", "port": 80}],
    }
    return {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "metadata": {"name": "neighbour"},
        "spec": {"entryPoints": ["web"], "routes": [rule]},
    }
