"""What is kept of a run that was held at a gate."""

from __future__ import annotations

from dataclasses import replace

from canary.core.plan import Gate
from canary.core.seen import HookType
from tests.core.timeline import PLAN
from tests.engine.world import World
from tests.fakes.hooks import Answer

PROMOTION = HookType.CONFIRM_PROMOTION
CLOSED = Answer(text=f"{PROMOTION} webhook qa: answered 403")


def test_bakes_at_a_gate_are_one_step_of_the_report() -> None:
    world = World(hooks={PROMOTION: [*[CLOSED] * 50, Answer()]})
    gates = {PROMOTION: Gate(timeout_s=3600.0)}
    plan = replace(PLAN, hooks=frozenset({PROMOTION.value}), gates=gates)
    assert world.outcome(plan) == "Succeeded"
    steps = world.report.steps
    assert list(dict.fromkeys(step.weight_percent for step in steps)) == [*PLAN.weights, 100]
    held, opened = [step for step in steps if step.weight_percent == PLAN.weights[-1]]
    assert held.seconds > 200
    assert held.canary_requests > 100 > opened.canary_requests
