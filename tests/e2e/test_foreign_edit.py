"""Somebody else's hands on the weights: seen, named, and put right; never written over unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.settings import BETTER, GOOD
from tests.e2e.world import World

pytestmark = pytest.mark.bed

PLAN: dict[str, Any] = {"analysis": {"interval": "1m", "stepWeights": [30, 60]}, "soak": "2s"}


def test_weights_that_somebody_edits_end_a_run(world: World) -> None:
    world.write(GOOD, PLAN)
    world.project.up()
    primary = world.record().primary
    world.write(BETTER, PLAN)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(30)
        _edit(world, 50)
        result = running.finish()
    assert result.code != 0
    (reason,) = result.reasons
    assert "weights were changed by kubectl-patch to " in reason
    assert "all traffic is back on " in reason
    serving = {f"podinfo-{primary}": 100}
    assert world.members() == {"podinfo": serving, "podinfo-shielded": serving}
    assert world.apex_version() == primary
    users.answers().assert_none_failed()


def test_weights_that_somebody_edits_at_rest_are_shown_and_repaired(world: World) -> None:
    world.write(GOOD, PLAN)
    world.project.up()
    first = world.record().primary
    world.write(BETTER, {**PLAN, "skipAnalysis": True})
    world.project.up()
    primary = world.record().primary
    assert primary != first
    _edit(world, 40)
    damage = f"the weights were changed: repaired first, all traffic goes to {primary}"
    assert damage in world.project.preview("--diff").text
    with world.weights() as weights:
        result = world.project.up()
    assert "repaired: the weights were changed; all traffic is back on" in result.text
    assert weights.steps() == [0], "no run was begun"
    serving = {f"podinfo-{primary}": 100}
    assert world.members() == {"podinfo": serving, "podinfo-shielded": serving}


def _edit(world: World, weight: int) -> None:
    """Change the first member's weight by hand, as `kubectl patch` does."""
    path = "/spec/weighted/services/0/weight"
    patch = json.dumps([{"op": "replace", "path": path, "value": weight}])
    edit = ("patch", "traefikservice", world.app, "--type=json", "-p", patch)
    world.bed.kubectl("-n", world.namespace, *edit)
