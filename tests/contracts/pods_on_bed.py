"""What is written to a version's pods on the real cluster; a part of `on_bed.py`."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from canary.adapters.pods.autoscalers import ClusterAutoscalers
from canary.adapters.pods.fleet import ClusterFleet
from canary.adapters.routes.claim import Claim
from canary.core.seen import Pods
from canary.errors import ConflictError
from tests.contracts.bed_world import (
    APP,
    LISTS,
    NAMESPACE,
    BedWorld,
    await_,
    deployment,
    make,
)
from tests.contracts.routing import OLD, at

SCALERS = f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers"
CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}


def fleet(world: BedWorld, run: str = "r1") -> ClusterFleet:
    return ClusterFleet(world.cluster, **ours(world, run), wall_s=time.time)


def ours(world: BedWorld, run: str = "r1") -> Any:
    """What the adapters of the app's other objects are given."""
    claim = Claim(world.cluster, LISTS.path(LISTS.plain))
    claim.written(run)
    return {"app": APP, "namespace": NAMESPACE, "owner": "me", "claim": claim}


def test_pods_are_told_and_scaled(world: BedWorld) -> None:
    assert fleet(world).pods()[OLD] == Pods(wanted=1, existing=1, ready=1)
    fleet(world).scale(OLD, 2)
    await_(lambda: fleet(world).pods()[OLD].ready == 2, "two pods ready", 90.0)
    fleet(world).scale(OLD, 1)
    await_(lambda: fleet(world).pods()[OLD] == Pods(wanted=1, existing=1, ready=1), "one", 90.0)


def test_an_autoscaler_obeys_its_least_and_has_it_back(world: BedWorld) -> None:
    """The cluster's own controller, which has no metrics: it starts what the least demands."""
    named = deployment(OLD)["metadata"]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": named["name"]}
    spec = {"scaleTargetRef": target, "maxReplicas": 4, "metrics": [CPU]}
    make(world.cluster, SCALERS, {"metadata": named, "spec": spec})
    scalers = ClusterAutoscalers(world.cluster, **ours(world))
    try:
        fleet(world).scale(OLD, 2)
        assert fleet(world).pods()[OLD].wanted == 1, "more is the controller's to start"
        await_(lambda: fleet(world).pods()[OLD].ready == 2, "what the least demands", 120.0)
        fleet(world).scale(OLD, 1)
        scalers.hold(OLD)
        assert _least(world) == 2
        scalers.release(OLD)
        assert _least(world) == 1
        fleet(world).scale(OLD, 3)
        fleet(world).scale(OLD, 0)
        assert _least(world) == 1, "the server's default"
        assert fleet(world).pods()[OLD].wanted == 0
    finally:
        world.cluster.delete(f"{SCALERS}/{named['name']}")
        fleet(world).scale(OLD, 1)
    await_(lambda: fleet(world).pods()[OLD] == Pods(wanted=1, existing=1, ready=1), "one", 90.0)


def test_a_driver_that_slept_while_another_run_took_over_writes_nothing(world: BedWorld) -> None:
    """The other run finds enough pods: only its name makes the server refuse what comes late."""
    named = deployment(OLD)["metadata"]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": named["name"]}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4, "metrics": [CPU]}
    make(world.cluster, SCALERS, {"metadata": named, "spec": spec})
    scaler = f"{SCALERS}/{named['name']}"
    try:
        for run, late in enumerate((partial(_scale, 0), partial(_scale, 3)), 1):
            world.router().write(replace(at(0), run=f"r{run}"))
            fleet(world, f"r{run}").scale(OLD, 1)
            sleeper = world.cluster.fellow()
            sleeper.fence(partial(_take_over, world, f"r{run + 1}"))
            with pytest.raises(ConflictError, match=f"run r{run + 1} took over"):
                late(ClusterFleet(sleeper, **ours(world, f"r{run}"), wall_s=time.time))
            assert fleet(world).pods()[OLD].wanted == 1
            assert world.cluster.read(scaler)["spec"]["minReplicas"] == 1
    finally:
        world.cluster.delete(scaler)


def _scale(replicas: int, sleeping: ClusterFleet) -> None:
    sleeping.scale(OLD, replicas)


def _take_over(world: BedWorld, run: str) -> None:
    router = world.router()
    router.route()
    router.write(replace(at(0), run=run))
    ClusterAutoscalers(world.cluster, **ours(world, run)).hold(OLD)


def _least(world: BedWorld) -> int:
    return int(world.cluster.read(f"{SCALERS}/{APP}-{OLD}")["spec"]["minReplicas"])
