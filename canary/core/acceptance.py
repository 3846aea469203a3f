"""Between ready pods and the first weight: hooks and gates that come before any traffic."""

from __future__ import annotations

from dataclasses import replace

from canary.core.gates import confirm, due
from canary.core.moves import mirror, shift
from canary.core.pace import LOOK_S
from canary.core.plan import Plan
from canary.core.retreat import give_up
from canary.core.seen import HookType, Outcome
from canary.core.state import Course, Decision, Effect, Seen, State
from canary.core.texts import HELD


def acceptance(state: State, seen: Seen, plan: Plan) -> Decision:
    """Pre-rollout hooks pass before the first request reaches the canary."""
    if HookType.PRE_ROLLOUT not in plan.hooks:
        return first_shift(state, seen, plan, "it is ready")
    hook = seen.hooks.get(HookType.PRE_ROLLOUT)
    outcome = hook.outcome if hook else Outcome.IDLE
    text = hook.text if hook else ""
    if outcome is Outcome.PASSED:
        return first_shift(state, seen, plan, "it is ready and pre-rollout passed")
    if outcome is Outcome.PENDING:
        return Decision(state=state, reason="waiting for pre-rollout hooks", wait_s=LOOK_S / 2)
    if outcome is Outcome.IDLE:
        called = (Effect.CALL_PRE_ROLLOUT,)
        return Decision(state=state, reason="calling pre-rollout hooks", effects=called, wait_s=0.1)
    return _refused(state, seen, plan, text)


def _refused(state: State, seen: Seen, plan: Plan, text: str) -> Decision:
    if state.hook_failed_s is None:
        failed = state.failed_checks + 1
        if failed >= plan.threshold:
            return give_up(state, f"{text} ({failed} of {plan.threshold} failed checks)")
        after = replace(state, failed_checks=failed, hook_failed_s=seen.now_s)
        reason = f"{HELD} before traffic: {text} ({failed} of {plan.threshold} failed checks)"
        return Decision(state=after, reason=reason, loud=True)
    if seen.now_s - state.hook_failed_s < plan.interval_s:
        return Decision(state=state, reason=f"pre-rollout hooks are called again soon: {text}")
    again = replace(state, hook_failed_s=None)
    called = (Effect.CALL_PRE_ROLLOUT,)
    return Decision(state=again, reason="calling pre-rollout hooks again", effects=called)


def first_shift(state: State, seen: Seen, plan: Plan, why: str) -> Decision:
    """Move to the first weight, once its gate is open; before it to copies, which nobody sees."""
    state = replace(state, iterations=plan.iterations)
    if plan.mirror_percent:
        return mirror(state, seen, plan, why)
    if plan.iterations:
        return shift(state, seen, 0, why)
    asked = confirm(due(0, plan), state, seen, plan)
    if asked.refusal:
        return give_up(state, asked.refusal)
    if asked.hold:
        return patient(asked.hold, seen)
    return shift(asked.state, seen, plan.weight(0), why)


def unseen(state: State, seen: Seen) -> str:
    """What keeps requests that a rule picks from the canary before its first bake, "" if nothing.

    Acceptance hooks ask it through Traefik, which may need a moment to know of ready pods.
    """
    if not state.exposed or state.course is not Course.JUDGED or seen.live.confirmed:
        return ""
    return f"Traefik does not route to it: {seen.live.text or 'not confirmed'}"


def patient(hold: Decision, seen: Seen) -> Decision:
    """While people think, pods are not late."""
    return replace(hold, state=replace(hold.state, entered_s=seen.now_s))
