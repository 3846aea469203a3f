"""Releases that wait for somebody's word, given through the real load tester."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.project import Running
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

TESTER = "http://flagger-loadtester.canary-system"
HELD = "held at 50 %: waiting for confirm-promotion"

OVERDUE = re.compile(r"held for ([2-9]|\d\d) s: confirm-rollout webhook way-in: answered 403")
PATIENT = {
    "name": "way-in",
    "type": "confirm-rollout",
    "url": f"{TESTER}/gate/check",
    "gateTimeout": "1s",
    "onGateTimeout": "hold",
}


def _plan(**terms: str) -> dict[str, Any]:
    return {
        "analysis": {
            "stepWeights": [50],
            "webhooks": [
                {
                    "name": "sign-off",
                    "type": "confirm-promotion",
                    "url": f"{TESTER}/gate/check",
                    **terms,
                },
                {"name": "way-back", "type": "rollback", "url": f"{TESTER}/rollback/check"},
            ],
        },
        "soak": "2s",
    }


def test_a_release_waits_for_its_gates_and_goes_on_at_once(world: World) -> None:
    plan = _plan()
    plan["analysis"]["webhooks"].append(PATIENT)
    world.write(GOOD, plan)
    world.project.up()
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        world.write(BETTER, plan)
        running = world.project.start_up()
        await_(lambda: OVERDUE.search(running.text), "a gate that holds after its timeout", 60)
        assert weights.steps() == [0]
        world.canary("approve", world.app, "-n", world.namespace, "--by", "ann")
        running.await_text("confirm-rollout was approved by ann", 60)
        running.await_text(HELD, 60)
        running.await_text("s: confirm-promotion webhook sign-off: answered 403", 60)
        _tell(world, "gate/open")
        result = running.finish()
    assert result.code == 0, result.text
    assert weights.steps() == [0, 50, 100, 0]
    assert "100 % to the canary, promoting: confirm-promotion was approved" in result.text
    users.answers().assert_none_failed()


def test_a_gate_that_nobody_opens_ends_the_release(world: World) -> None:
    world.write(GOOD, _plan(gateTimeout="5s"))
    world.project.up()
    with world.probe() as users, world.weights() as weights:
        result = _held(world, _plan(gateTimeout="5s")).finish()
    assert result.code != 0
    (reason,) = result.reasons
    assert "at 50 %: confirm-promotion was not approved within 5 s: " in reason
    # In the reason, too, but where it was just being asked once more.
    assert "s: confirm-promotion webhook sign-off: answered 403" in result.text
    assert weights.steps() == [0, 50, 0]
    users.answers().assert_none_failed()


def test_a_rollback_hook_brings_everything_back(world: World) -> None:
    world.write(GOOD, _plan())
    world.project.up()
    with world.probe() as users, world.weights() as weights:
        running = _held(world, _plan())
        _tell(world, "rollback/open")
        result = running.finish()
    assert result.code != 0
    (reason,) = result.reasons
    assert "at 50 %: a rollback webhook asked for it; all traffic is back on" in reason
    assert weights.steps() == [0, 50, 0]
    users.answers().assert_none_failed()


def _held(world: World, plan: dict[str, Any]) -> Running:
    world.write(BETTER, plan)
    running = world.project.start_up()
    running.await_text(HELD, 120)
    return running


def _tell(world: World, what: str) -> None:
    """Say yes to the load tester, as `kubectl` can from anywhere."""
    way = f"/api/v1/namespaces/canary-system/services/flagger-loadtester:80/proxy/{what}"
    payload = json.dumps({"name": world.app, "namespace": world.namespace})
    world.bed.kubectl("create", "--raw", way, "-f", "-", stdin=payload)
