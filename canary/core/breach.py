"""What ends a run at once, whatever the checks say.

A foreign hand, lost pods, a hang, proof, and a metric whose query can never be answered.
"""

from __future__ import annotations

from dataclasses import replace

from canary.core.baseline import lost
from canary.core.plan import Plan
from canary.core.record import Phase
from canary.core.scaling import grown, present_size
from canary.core.seen import HookType, Outcome, Pods
from canary.core.size import enough, is_excused
from canary.core.state import Course, Seen, State
from canary.core.verdicts import hanging

NO_READY_POD_S = 1.0
SHORT_POLLS = 3
EXITS = 2
SUSPENDED_AT_MOST_S = 7 * 86400.0  # every run ends


def watch(state: State, seen: Seen, plan: Plan) -> State:
    """Remember since when the canary has had no ready pod or too few, and who has any at all.

    When the API server does not answer, which version has ready pods stays as it was last seen.
    """
    state = grown(state, seen, plan)
    if seen.canary is not None and seen.primary is not None:
        copies = seen.baseline.ready if seen.baseline and state.baseline_percent else 0
        serving = seen.canary.ready + copies > 0
        state = replace(state, stranded=serving and not seen.primary.ready)
    needed = _needed(state, plan)
    if seen.canary is None or is_excused(seen.canary, needed) or not state.has_requests:
        return replace(state, unready_since_s=None, short_since_s=None)
    unready = seen.canary.ready == 0
    short = seen.canary.ready < needed
    return replace(
        state,
        unready_since_s=_since(state.unready_since_s, seen.now_s) if unready else None,
        short_since_s=_since(state.short_since_s, seen.now_s) if short else None,
    )


def _needed(state: State, plan: Plan) -> int:
    return enough(present_size(state, plan), plan.canary_ready_percent)


def breach(state: State, seen: Seen, plan: Plan) -> str:
    """Why the run must roll back now, "" when it need not."""
    if seen.foreign:
        return seen.foreign
    return (
        too_long(state, seen, plan)
        or _asked_back(seen)
        or _lost_pods(state, seen, plan)
        or _hang(state, seen, plan)
        or _proof(state, seen, plan)
        or _miswritten(seen, plan)
    )


def too_long(state: State, seen: Seen, plan: Plan) -> str:
    """Why the run has lasted too long, "" while it has not; time suspended does not count."""
    held_s = seen.now_s - state.suspended_s if state.suspended else 0.0
    if held_s > SUSPENDED_AT_MOST_S:
        return f"suspended by {state.suspended} for {held_s / 86400:.0f} days"
    if seen.now_s - state.began_s - held_s <= plan.max_duration_s:
        return ""
    return f"the run took longer than maxDuration ({plan.max_duration_s:.0f} s)"


def _asked_back(seen: Seen) -> str:
    """A rollback webhook that answers 2xx asks for it; every other answer is the normal one."""
    hook = seen.hooks.get(HookType.ROLLBACK)
    asked = hook is not None and hook.outcome is Outcome.PASSED
    return "a rollback webhook asked for it" if asked else ""


def _lost_pods(state: State, seen: Seen, plan: Plan) -> str:
    pods, primary = seen.canary, seen.primary
    if pods is None or primary is None or not primary.ready:
        return ""  # both sides bad, or nothing known: not the canary's fault
    exits = pods.exits - state.exits
    if exits >= EXITS and not is_excused(pods, _needed(state, plan)):
        return f"containers of the canary exited {exits} times{_because(pods)}"
    if _lasted(state.unready_since_s, seen.now_s, NO_READY_POD_S):
        return f"no pod of the canary is ready{_because(pods)}"
    if _lasted(state.short_since_s, seen.now_s, SHORT_POLLS * plan.poll_s):
        size = present_size(state, plan)
        return f"{pods.ready} of {size} pods of the canary are ready{_because(pods)}"
    return lost(state, seen)


def _hang(state: State, seen: Seen, plan: Plan) -> str:
    judged = state.phase is Phase.PROGRESSING and state.baked_from_s is not None
    judged = judged and not plan.clients_stay
    if not judged or seen.window is None or not seen.fresh:
        return ""
    # Beside the baseline it is sent as much, or more where the baseline gets only what is left.
    weight = max(50, state.weight_percent) if state.baseline_percent else state.weight_percent
    return hanging(seen.window, weight)


def _proof(state: State, seen: Seen, plan: Plan) -> str:
    """Conclusive evidence; a canary that was given everything unjudged is not judged by it."""
    if plan.evidence is None or seen.evidence is None or state.course is not Course.JUDGED:
        return ""
    proof, pods = seen.evidence.breach(plan.evidence.alpha), seen.canary
    ended = pods is not None and pods.exits > state.exits  # which may be why its requests failed
    return f"{proof}{_because(pods)}" if proof and pods and ended else proof


def _miswritten(seen: Seen, plan: Plan) -> str:
    """A query that is wrong: to hold for its answer would only end the run later."""
    for check in plan.custom:
        reading = seen.readings.get(check.name)
        if reading is not None and reading.miswritten and not check.report_only:
            return f"metric {check.name}: {reading.trouble}"
    return ""


def _because(pods: Pods) -> str:
    return f": {pods.trouble}" if pods.trouble else ""


def _since(before_s: float | None, now_s: float) -> float:
    return now_s if before_s is None else before_s


def _lasted(since_s: float | None, now_s: float, seconds: float) -> bool:
    return since_s is not None and now_s - since_s >= seconds
