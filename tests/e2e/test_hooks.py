"""Every type of hook, answered by the real load tester; what becomes of gates that stay shut."""

from __future__ import annotations

import json
from typing import Any

import pytest

from canary.components.loadtester import PORT
from canary.core.seen import HookType
from tests.bed.errors import BedError
from tests.e2e.settings import BETTER, GOOD
from tests.e2e.world import World

pytestmark = pytest.mark.bed

TESTER = "http://flagger-loadtester.canary-system"
STEPS = [30, 60]


def plan(*hooks: dict[str, Any]) -> dict[str, Any]:
    return {"analysis": {"stepWeights": STEPS, "webhooks": [*hooks]}, "soak": "2s"}


def marking(world: World, kind: HookType) -> dict[str, Any]:
    """A hook whose answer is yes (no: go on, for rollback) and that leaves a mark: an open gate."""
    payload = json.dumps({"name": kind.value, "namespace": world.namespace})
    mark = f"curl -fsS -d '{payload}' http://localhost:{PORT}/gate/open"
    command = f"{mark}; false" if kind is HookType.ROLLBACK else mark
    metadata = {"type": "bash", "cmd": command}
    return {"name": f"mark-{kind}", "type": kind.value, "url": f"{TESTER}/", "metadata": metadata}


def is_marked(world: World, kind: HookType) -> bool:
    way = "/api/v1/namespaces/canary-system/services/flagger-loadtester:80/proxy/gate/check"
    payload = json.dumps({"name": kind.value, "namespace": world.namespace})
    try:
        world.bed.kubectl("create", "--raw", way, "-f", "-", stdin=payload)
    except BedError as error:
        if "Forbidden" not in str(error):
            raise
        return False
    return True


def test_hooks_of_every_type_are_called_and_let_a_release_pass(world: World) -> None:
    hooks = plan(*(marking(world, kind) for kind in HookType))
    world.write(GOOD, hooks)
    world.project.up()
    assert not is_marked(world, HookType.PRE_ROLLOUT), "a first version is not judged"
    world.write(BETTER, hooks)
    with world.probe() as users, world.weights() as weights:
        result = world.project.up()
    assert weights.steps() == [0, *STEPS, 100, 0]
    assert "confirm-promotion was approved" in result.text
    assert {kind for kind in HookType if not is_marked(world, kind)} == set()
    users.answers().assert_none_failed()


# Where a release stands when its gate is asked; the steps until a gate that stays shut ends it.
GATES = {
    HookType.CONFIRM_ROLLOUT: [0],
    HookType.CONFIRM_TRAFFIC_INCREASE: [0],
    HookType.CONFIRM_PROMOTION: [0, *STEPS, 0],
}


@pytest.mark.parametrize("kind", GATES)
def test_a_gate_that_stays_shut_ends_a_release_or_lets_it_pass(
    world: World, kind: HookType
) -> None:
    def gated(then: str, timeout: str) -> dict[str, Any]:
        terms = {"gateTimeout": timeout, "onGateTimeout": then}
        where = {"name": "gate", "type": kind.value, "url": f"{TESTER}/gate/check"}
        return plan({**where, **terms})

    world.write(GOOD, gated("fail", "5s"))
    world.project.up()
    with world.probe() as users:
        world.write(BETTER, gated("fail", "5s"))
        with world.weights() as weights:
            result = world.project.up(fails=True)
        (reason,) = result.reasons
        assert f"{kind} was not approved within 5 s" in reason
        # In the reason, too, but where it was just being asked once more.
        assert f"s: {kind} webhook gate: answered 403" in result.text
        assert weights.steps() == GATES[kind]

        world.write(BETTER, gated("pass", "3s"))
        with world.weights() as weights:
            world.project.up()
        assert weights.steps() == [0, *STEPS, 100, 0]
    users.answers().assert_none_failed()


def test_an_acceptance_test_that_fails_keeps_all_users_where_they_are(world: World) -> None:
    failing = {"type": "bash", "cmd": "echo the basket is empty; exit 1"}
    pre = {"name": "basket", "type": "pre-rollout", "url": f"{TESTER}/", "metadata": failing}
    world.write(GOOD, plan(pre))
    world.project.up()
    world.write(BETTER, plan(pre))
    with world.probe() as users, world.weights() as weights:
        (reason,) = world.project.up(fails=True).reasons
    assert "pre-rollout webhook basket: answered 500" in reason
    assert "the basket is empty" in reason
    assert weights.steps() == [0]
    assert users.answers().versions() == {"6.9.2"}
    users.answers().assert_none_failed()
