"""A healthy stack: what is no release causes no run, and looking touches nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.settings import BETTER, BUSY_MS, GOOD
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

KINDS = "all,configmaps,traefikservices,ingressroutes"
ANALYSIS = {"interval": "3s", "stepWeights": [10, 30], "threshold": 5}


def test_other_replicas_and_another_analysis_are_no_run(world: World) -> None:
    world.write(GOOD)
    world.project.up()
    record, pods = world.record(), world.pods()

    world.write(GOOD, {"replicas": 3})
    scaled = world.project.up()
    await_(lambda: len(world.pods()) == 3, "three pods", 60)
    assert set(pods) <= set(world.pods())

    world.write(GOOD, {"replicas": 3, "analysis": ANALYSIS})
    judged_otherwise = world.project.up()
    for result in (scaled, judged_otherwise):
        assert f"{GOOD} serves already: no run" in result.text
        assert set(result.counts) == {"updated", "unchanged"}
    assert world.record() == record
    assert world.versions() == {record.primary}


def test_a_preview_shows_image_and_plan_and_touches_nothing(world: World) -> None:
    world.write(GOOD)
    world.project.up()
    settle_down(world)
    before, state = fingerprints(world), world.project.export()

    world.write(BETTER)
    text = world.project.preview("--diff").text
    assert f'~ image      : "{GOOD}" => "{BETTER}"' in text
    assert "podinfo: 20 → 50 %, then 100 %: 2 steps of 2s, soak 2s" in text
    assert "check request-success-rate: at least 99 % without a 5xx" in text
    assert f"check request-duration: 99 % within {BUSY_MS} ms" in text
    assert "rolled back at 2 failed checks" in text
    assert fingerprints(world) == before
    assert world.project.export() == state


def test_a_refresh_of_a_healthy_stack_changes_nothing(world: World) -> None:
    world.write(GOOD)
    world.project.up()
    settle_down(world)
    before, state = fingerprints(world), world.project.export()

    assert set(world.project.refresh().counts) == {"unchanged"}
    assert fingerprints(world) == before
    assert wanted(world.project.export()) == wanted(state)
    assert set(world.project.preview("--expect-no-changes").counts) == {"unchanged"}


def wanted(state: dict[str, Any]) -> dict[str, Any]:
    """What a state asks for; outputs follow the cluster, such as the selector that a run writes."""
    return {urn: (each.get("id"), each.get("inputs")) for urn, each in state.items()}


def settle_down(world: World) -> None:
    """Return once the cluster itself has nothing more to say about pods that are ready."""

    def settled() -> bool:
        found = world.objects("deployments,replicasets")
        return all(_has_all(body) for body in found) and bool(found)

    await_(settled, "what the controllers say of ready pods", 60)


def _has_all(body: dict[str, Any]) -> bool:
    wanted, status = body["spec"].get("replicas", 1), body["status"]
    told = status.get("observedGeneration") == body["metadata"]["generation"]
    return bool(told and status.get("availableReplicas", 0) == wanted)


def fingerprints(world: World) -> dict[str, str]:
    """A number for every object in the namespace that changes with each write."""
    found = {}
    for body in world.objects(KINDS):
        metadata = body["metadata"]
        found[f"{body['kind']}/{metadata['name']}"] = metadata["resourceVersion"]
    return found
