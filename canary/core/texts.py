"""Lines for people: progress while a run goes on, one sentence when it ends."""

from __future__ import annotations

from canary.core import bake
from canary.core.counts import Tally
from canary.core.plan import Plan
from canary.core.readings import shown
from canary.core.record import Phase, Record
from canary.core.state import Decision, Effect, Seen, State

HELD = "held"  # begins every reason why a run does not go on for now


def progress(before: State, decision: Decision, seen: Seen, plan: Plan) -> str:
    """One line for one look: step, weight, requests, success rate, P99, time left in the bake."""
    state, reason = decision.state, decision.reason
    if state.phase is not before.phase or Effect.OPEN_WINDOW in decision.effects:
        return reason  # what was counted belongs to the bake before
    if not state.has_requests or state.baked_from_s is None or seen.window is None:
        return reason
    left = bake.left_s(state, seen, plan)
    parts = [
        _where(state, plan),
        f"canary {side(seen.window.canary)}",
        f"{seen.window.beside} {side(seen.window.primary)}",
        *shown(plan.custom, seen.readings),
        *_dead(seen),
        reason if left <= 0 or state.passed_already else f"{left:.0f} s left",
    ]
    if state.failed_checks:
        parts.append(f"{state.failed_checks} of {plan.threshold} failed checks")
    return " · ".join(parts)


def _dead(seen: Seen) -> tuple[str, ...]:
    """Why half of what users see may be errors that are not the canary's."""
    if seen.primary is None or seen.primary.ready:
        return ()
    because = f": {seen.primary.trouble}" if seen.primary.trouble else ""
    return (f"the primary has no ready pod{because}",)


def told(before: State, decision: Decision, record: Record) -> str:
    """The permanent line for a decision: its reason, but a roll back's only once."""
    after = decision.state
    if before.phase is Phase.ROLLING_BACK and after.phase is Phase.FAILED and not after.doubt:
        return f"all traffic is live on {record.images.get(record.primary, 'the primary')}"
    return decision.reason


def side(tally: Tally) -> str:
    """What one side answered, e.g. "96 requests 99.0 % P99 12 ms"."""
    if not tally.requests:
        return "0 requests"
    p99 = tally.quantile_ms(0.99)
    latency = f" P99 {p99:,.0f} ms" if p99 is not None else ""
    per_mille = 1000 * (tally.requests - tally.failed) // tally.requests  # a miss is never 100 %
    return f"{tally.requests:,} requests {per_mille / 10:.1f} %{latency}"


def rejection(image: str, primary: str, state: State, restore_s: float | None) -> str:
    """The one line that a run without promotion ends with.

    `restore_s` is None when no traffic had been moved.
    """
    return f"{image}: {state.cause}{_whereabouts(primary, state, restore_s)}"


def _whereabouts(primary: str, state: State, restore_s: float | None) -> str:
    if state.doubt:
        return f"; {state.doubt}"
    if restore_s is not None:
        return f"; all traffic is back on {primary} after {restore_s:.1f} s"
    return f"; {primary} kept all traffic" if primary else "; nothing serves yet"


def _where(state: State, plan: Plan) -> str:
    if state.phase is Phase.SOAKING:
        return "soak · 100 %"
    if state.mirror_percent or state.iteration:
        return state.share
    return f"step {state.step + 1}/{len(plan.weights)} · {state.weight_percent} %"
