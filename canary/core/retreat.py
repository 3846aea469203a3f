"""The way back: traffic to the primary, tried until it is so, then the end of the run.

Nothing here moves traffic to a primary without ready pods while the canary has some.
"""

from __future__ import annotations

from dataclasses import replace

from canary.core.baseline import ending
from canary.core.pace import LIVE_DEADLINE_S, LIVE_LOOK_S, RESTORE_PATIENCE_S
from canary.core.plan import Plan
from canary.core.record import Phase
from canary.core.seen import Live
from canary.core.state import Decision, Effect, Seen, State

KEPT = "the weights stay, because the primary has no ready pod"


def roll_back(state: State, seen: Seen, cause: str, *, stopped: bool = False) -> Decision:
    """Leave any phase with traffic; keep the weights where the primary alone has no ready pods."""
    after = replace(
        state,
        phase=Phase.ROLLING_BACK,
        retreated_s=seen.now_s,
        baked_from_s=None,
        cause=cause,
        stopped=stopped,
    )
    if state.stranded and not state.has_requests:
        ended = replace(after, phase=Phase.FAILED, doubt=_kept(seen))
        return Decision(state=ended, reason=_doubted(ended), loud=True)
    if state.stranded and (
        state.weight_percent or state.iteration or seen.foreign
    ):  # copies may end: nothing moves
        # A write would undo weights that somebody changed, perhaps to help.
        effects = () if seen.foreign else (Effect.PERSIST,)
        return Decision(state=after, reason=f"{cause}; {_kept(seen)}", effects=effects, loud=True)
    return _restore(after, seen, f"roll back: {cause}", loud=True)


def unrestored(state: State, before: State, problem: str) -> State:
    """After an attempt to restore that failed: the canary may still have what it had before."""
    return replace(
        state,
        weight_percent=before.weight_percent,
        mirror_percent=before.mirror_percent,
        exposed=before.exposed,
        doubt=f"restoring failed: {problem}",
    )


def rolling_back(state: State, seen: Seen, plan: Plan) -> Decision:
    """Try again while the canary has weight; end once Traefik routes nothing to it."""
    if state.has_requests or state.doubt:
        return _retry_restore(state, seen, plan)
    if seen.live.confirmed:
        after = replace(state, phase=Phase.FAILED)
        effects = ending(state, Effect.CLOSE, Effect.STOP_CANARY)
        return Decision(state=after, reason=state.cause, effects=effects, loud=True)
    if seen.now_s - state.entered_s <= LIVE_DEADLINE_S:
        reason = f"waiting for Traefik to route everything to the primary{_detail(seen.live)}"
        return Decision(state=state, reason=reason, wait_s=LIVE_LOOK_S)
    # The canary's pods go on running: some replica of Traefik may still send requests to them.
    doubt = f"the restore is written, but not confirmed by Traefik{_detail(seen.live)}"
    after = replace(state, phase=Phase.FAILED, doubt=doubt)
    return Decision(state=after, reason=_doubted(after), effects=(Effect.CLOSE,), loud=True)


def give_up(state: State, cause: str, *, stopped: bool = False) -> Decision:
    """End a run that has not moved any traffic."""
    after = replace(state, phase=Phase.FAILED, cause=cause, stopped=stopped, exposed=False)
    effects = ending(state, Effect.CLOSE, Effect.STOP_CANARY)
    return Decision(state=after, reason=cause, effects=effects, loud=True)


def _retry_restore(state: State, seen: Seen, plan: Plan) -> Decision:
    if state.stranded:
        return _stay(state, seen, plan)
    if state.doubt and _exhausted(state, seen, plan):
        after = replace(state, phase=Phase.FAILED)
        return Decision(state=after, reason=_doubted(after), loud=True)
    if state.doubt:
        return _restore(state, seen, f"restore again: {state.doubt}")
    reason = "restore: the canary is not the only version with ready pods any more"
    return _restore(state, seen, reason, loud=True)


def _stay(state: State, seen: Seen, plan: Plan) -> Decision:
    stopped = seen.stop or state.stopped
    after = replace(state, doubt="")
    if stopped or seen.now_s - state.began_s > plan.max_duration_s:
        after = replace(after, phase=Phase.FAILED, doubt=_kept(seen))
        return Decision(state=after, reason=_doubted(after), loud=True)
    return Decision(state=after, reason=f"{state.cause}; {_kept(seen)}")


def _exhausted(state: State, seen: Seen, plan: Plan) -> bool:
    """Whether a restore that keeps failing has been tried for long enough.

    While the driver lives there is nothing better to do with the run's time than to try again;
    when it was stopped, the next update repairs.
    """
    until_s = state.retreated_s + RESTORE_PATIENCE_S
    if not (seen.stop or state.stopped):
        until_s = max(until_s, state.began_s + plan.max_duration_s)
    return seen.now_s > until_s


def _restore(state: State, seen: Seen, reason: str, *, loud: bool = False) -> Decision:
    nothing = replace(state, weight_percent=0, mirror_percent=0, exposed=False)
    after = replace(nothing, entered_s=seen.now_s, doubt="")
    effects = (Effect.RESTORE,)
    return Decision(state=after, reason=reason, effects=effects, wait_s=LIVE_LOOK_S, loud=loud)


def _kept(seen: Seen) -> str:
    trouble = seen.primary.trouble if seen.primary else ""
    return f"{KEPT}: {trouble}" if trouble else KEPT


def _doubted(state: State) -> str:
    return f"{state.cause}; {state.doubt}"


def _detail(live: Live) -> str:
    return f": {live.text}" if live.text else ""
