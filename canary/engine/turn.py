"""Raising weights together with other runs; in the meantime the canary is judged as ever.

Absent on purpose: restoring, and whatever is in a hurry. They never wait for anybody.
"""

from __future__ import annotations

from canary.core.breach import watch
from canary.core.pace import LOOK_S
from canary.core.plan import Plan
from canary.core.state import Course, Decision, Effect, Seen, State
from canary.core.transitions import decide
from canary.ports import Clock

_TOGETHER = frozenset({Effect.SHIFT, Effect.SETTLE})


def in_turn(state: State, seen: Seen, plan: Plan, clock: Clock) -> Decision:
    """What to do next; instead of raising a weight, look on until this run's turn has come."""
    decision = decide(state, seen, plan)
    judged = decision.state.course is Course.JUDGED and not decision.state.hurried
    if not judged or _TOGETHER.isdisjoint(decision.effects):
        return decision
    left_s = clock.turn_s()
    if left_s <= 0:
        return decision
    reason = f"weights are written together in {left_s:.1f} s: {decision.reason}"
    return Decision(state=watch(state, seen, plan), reason=reason, wait_s=min(LOOK_S, left_s))
