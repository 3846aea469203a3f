"""Gates: webhooks that hold a run until somebody says yes.

While a gate holds, the weight stays and is judged bake by bake, like any other: a canary with
traffic is never out of sight. Absent on purpose: how hooks are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from canary.core.pace import LIVE_LOOK_S, LOOK_S
from canary.core.plan import OnTimeout, Plan
from canary.core.seen import HookResult, HookType, Outcome
from canary.core.state import Decision, Effect, Seen, State

CALLS = {
    HookType.CONFIRM_ROLLOUT: Effect.CALL_CONFIRM_ROLLOUT,
    HookType.CONFIRM_TRAFFIC_INCREASE: Effect.CALL_CONFIRM_TRAFFIC_INCREASE,
    HookType.CONFIRM_PROMOTION: Effect.CALL_CONFIRM_PROMOTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking: a decision that holds meanwhile, or why the run must end, or neither."""

    state: State
    hold: Decision | None = None
    refusal: str = ""


def due(number: int, plan: Plan) -> tuple[HookType, ...]:
    """The gates before the weight of this index.

    An iteration raises nothing. The promotion is asked for once, before its first weight, and once
    it is granted nothing more is.
    """
    if number > plan.analysed:
        return ()
    increase = () if plan.weight(number) == 0 else (HookType.CONFIRM_TRAFFIC_INCREASE,)
    return (*increase, HookType.CONFIRM_PROMOTION) if number == plan.analysed else increase


def confirm(kinds: Sequence[HookType], state: State, seen: Seen, plan: Plan) -> Asked:
    """Ask these gates one after the other; neither hold nor refusal: all are open."""
    for kind in kinds:
        asked = _ask(kind, state, seen, plan)
        if asked.hold or asked.refusal:
            return asked
        if state.gate is kind:
            state = replace(state, gate=None, gate_opened="", passed=state.passed | {kind})
    return Asked(state=state)


def opening(state: State, seen: Seen, plan: Plan) -> str:
    """How the gate opened that a weight waited for which had passed already, "" without one."""
    kind = state.gate
    if kind is None:
        return ""
    if _is_approved(kind, state, seen):
        return f"{kind} was approved"
    return f"{_unapproved(kind, plan)}: passed as onGateTimeout says"


def _is_approved(kind: HookType, state: State, seen: Seen) -> bool:
    """Whether its hook, or a person, said yes."""
    hook = seen.hooks.get(kind, HookResult())
    return hook.outcome is Outcome.PASSED or bool(state.gate_opened)


def _unapproved(kind: HookType, plan: Plan) -> str:
    return f"{kind} was not approved within {plan.gates[kind].timeout_s:.0f} s"


def _ask(kind: HookType, state: State, seen: Seen, plan: Plan) -> Asked:
    """Ask a gate, or look what it answered; a gate that nobody configured is open."""
    gate = plan.gates.get(kind)
    if gate is None or kind in state.passed:
        return Asked(state=state)
    if state.gate is not kind:
        first = replace(state, gate=kind, gate_from_s=seen.now_s, gate_asked_s=seen.now_s)
        return _call(kind, first, f"asking {kind}")
    hook = seen.hooks.get(kind, HookResult())
    if _is_approved(kind, state, seen):
        return Asked(state=state)
    text = hook.text or f"waiting for {kind}"
    held_s = seen.now_s - state.gate_from_s
    if held_s >= gate.timeout_s and gate.then is not OnTimeout.HOLD:
        cause = f"{_unapproved(kind, plan)}: {text}"
        return Asked(state=state, refusal="" if gate.then is OnTimeout.PASS else cause)
    reason = f"held for {held_s:.0f} s: {text}"
    if hook.outcome is not Outcome.PENDING and seen.now_s - state.gate_asked_s >= plan.poll_s:
        return _call(kind, replace(state, gate_asked_s=seen.now_s), reason)
    return Asked(state=state, hold=Decision(state=state, reason=reason, wait_s=LOOK_S / 2))


def _call(kind: HookType, state: State, reason: str) -> Asked:
    hold = Decision(state=state, reason=reason, effects=(CALLS[kind],), wait_s=LIVE_LOOK_S)
    return Asked(state=state, hold=hold)
