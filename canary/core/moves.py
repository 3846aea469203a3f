"""The moves of a run: to copies of requests, to another weight, and into a bake at it."""

from __future__ import annotations

from dataclasses import replace

from canary.core.pace import LIVE_LOOK_S
from canary.core.plan import Plan
from canary.core.record import Phase
from canary.core.seen import HookType
from canary.core.state import Course, Decision, Effect, Seen, State


def shift(state: State, seen: Seen, weight_percent: int, why: str) -> Decision:
    """Write another weight; the bake begins once it is live."""
    promoting = weight_percent == 100
    began = not state.has_requests
    after = replace(
        state,
        phase=Phase.PROMOTING if promoting else Phase.PROGRESSING,
        entered_s=seen.now_s,
        baked_from_s=None,
        held_s=None,
        gate=None,
        gate_opened="",
        passed=frozenset(),
        step=state.step if promoting else state.step + 1,
        weight_percent=weight_percent,
        mirror_percent=0,
        exposed=state.exposed or not weight_percent,
        exits=seen.canary.exits if began and seen.canary else state.exits,
    )
    moved = f"{weight_percent} % to the canary{', promoting' if promoting else ''}"
    reason = f"{after.share if after.iteration else moved}: {why}"
    shift = (Effect.SHIFT,)
    return Decision(state=after, reason=reason, effects=shift, wait_s=LIVE_LOOK_S, loud=True)


def mirror(state: State, seen: Seen, plan: Plan, why: str) -> Decision:
    """Send copies of requests to the canary; nobody sees its answers."""
    after = replace(
        state,
        phase=Phase.PROGRESSING,
        entered_s=seen.now_s,
        mirror_percent=plan.mirror_percent,
        exits=seen.canary.exits if seen.canary else state.exits,
    )
    reason = f"{after.share} to the canary: {why}"
    shift = (Effect.SHIFT,)
    return Decision(state=after, reason=reason, effects=shift, wait_s=LIVE_LOOK_S, loud=True)


def open_bake(state: State, plan: Plan, reason: str, *, loud: bool = False) -> Decision:
    """Count anew from now on, and let the load tests run."""
    judged = state.course is Course.JUDGED and HookType.ROLLOUT in plan.hooks
    hooks = (Effect.CALL_ROLLOUT,) if judged else ()
    phase = (Effect.PERSIST,) if state.phase is Phase.SOAKING and not loud else ()
    effects = (Effect.OPEN_WINDOW, *phase, *hooks)
    return Decision(state=state, reason=reason, effects=effects, wait_s=LIVE_LOOK_S, loud=loud)
