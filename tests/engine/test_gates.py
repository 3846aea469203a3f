"""What is kept of a run that was held, at a gate or by somebody."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from canary.core.orders import Order
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


def test_bakes_of_a_suspended_run_are_one_step_of_the_report() -> None:
    """An hour later, too, it fits beside nine others into a ConfigMap."""
    world = World()
    for at_s, verb in ((25.0, "suspend"), (3600.0, "resume")):
        text = Order(verb=verb, by="ann", run="r1").to_json()
        world.at(at_s, partial(world.traffic.ordered, text))
    assert world.outcome(replace(PLAN, max_duration_s=7200.0)) == "Succeeded"
    steps = world.report.steps
    assert len(steps) < 3 * len(PLAN.weights)
    assert max(step.seconds for step in steps) > 3000
    before = [step for step in steps if step.weight_percent == PLAN.weights[0]]
    assert all(step.seconds < 100 for step in before), "what came before is told by itself"
