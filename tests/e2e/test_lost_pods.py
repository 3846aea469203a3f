"""Pods are taken away under a release: for their memory, or by whoever drains nodes."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

PLAN: dict[str, Any] = {"analysis": {"interval": "8s", "stepWeights": [50]}, "soak": "2s"}
GREEDY: dict[str, Any] = {
    **PLAN,
    "env": {"LEAK_MB_PER_S": "30"},
    "resources": {"limits": {"memory": "150Mi"}},
}


def test_a_canary_that_is_killed_for_its_memory_is_named_so(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    primary = world.record().primary
    world.write_testapp("2", {**GREEDY, "analysis": {"interval": "2m"}})
    with world.probe() as users:
        (reason,) = world.project.up(fails=True).reasons
    assert "with code 137 OOMKilled" in reason
    assert " all traffic" in reason, "whether it got any before depends on how quickly it started"
    assert world.apex_version() == primary
    assert not len(users.answers().failed()), users.answers().failed()


def test_evicted_pods_of_either_version_hold_a_release_and_blame_nobody(world: World) -> None:
    world.write_testapp("1", PLAN)
    world.project.up()
    old = world.record().primary
    world.write_testapp("2", PLAN)
    with world.probe(), world.weights() as weights:
        running = world.project.start_up()
        new = weights.await_weight(50, within_s=30).record
        assert new is not None
        for version in (new.canary, old):
            _evict(world, world.pods(version)[0].name)
            await_(partial(_has_both, world, version), "its successor", 30)
        result = running.finish()
    assert result.code == 0, result.text
    assert "failed checks" not in result.text
    assert world.record().primary == new.canary


def _evict(world: World, pod: str) -> None:
    """As `kubectl drain` does."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": world.namespace},
    }
    path = f"/api/v1/namespaces/{world.namespace}/pods/{pod}/eviction"
    world.bed.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def _has_both(world: World, version: str) -> bool:
    status = world.object("deployment", f"podinfo-{version}")["status"]
    return int(status.get("readyReplicas", 0)) == 2
