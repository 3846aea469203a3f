"""A bake: stay at a weight, count, and conclude when it ends."""

from __future__ import annotations

from dataclasses import dataclass

from canary.core.counts import Window
from canary.core.plan import Plan
from canary.core.readings import ASK_AHEAD_S, judge_readings
from canary.core.record import Phase
from canary.core.scaling import present_size
from canary.core.seen import HookType, Outcome
from canary.core.size import enough
from canary.core.state import Seen, State
from canary.core.verdicts import SHARED, Grade, Verdict, judge_all

UNCOVERED_SCRAPES = 1.5  # a sample may be one scrape old when the bake begins, and when it ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What a finished bake came to; `text` says why in one line.

    `shared`: whatever went wrong did so for both versions, so only a fresh bake can tell more.
    """

    grade: Grade
    text: str
    verdicts: tuple[Verdict, ...] = ()

    @property
    def shared(self) -> bool:
        """Whether some check is unknown because the other side breaches its bound as well."""
        texts = (v.text for v in self.verdicts if v.grade is Grade.UNKNOWN)
        return self.grade is Grade.UNKNOWN and any(text.startswith(SHARED) for text in texts)


def length_s(state: State, plan: Plan) -> float:
    """How long this bake lasts once its weight is live."""
    return plan.soak_s if state.phase is Phase.SOAKING else plan.interval_s


def left_s(state: State, seen: Seen, plan: Plan) -> float:
    """Seconds until the bake may be concluded; 0 or less when it may."""
    began_s = seen.now_s if state.baked_from_s is None else state.baked_from_s
    return began_s + length_s(state, plan) - seen.now_s


def readings_from_s(state: State, seen: Seen, plan: Plan) -> float:
    """From when on a custom metric must have been asked for, to speak for this bake."""
    ended_s = seen.now_s + left_s(state, seen, plan)
    return max(ended_s - length_s(state, plan), ended_s - ASK_AHEAD_S)


def overdue(state: State, seen: Seen, plan: Plan) -> bool:
    """Whether a bake without a conclusion has been extended for too long."""
    ended_s = seen.now_s + left_s(state, seen, plan) if state.held_s is None else state.held_s
    return seen.now_s - ended_s > plan.inconclusive_deadline_s


def conclude(state: State, seen: Seen, plan: Plan) -> Conclusion:
    """Judge a bake whose time is over."""
    if problem := _unjudgeable(state, seen, plan):
        return Conclusion(grade=Grade.UNKNOWN, text=problem)
    hook = seen.hooks.get(HookType.ROLLOUT)
    if hook is not None and hook.outcome is Outcome.FAILED:
        return Conclusion(grade=Grade.FAIL, text=hook.text)
    if seen.window is None:
        return Conclusion(grade=Grade.UNKNOWN, text="no samples from Prometheus")
    builtin = judge_all(
        plan.checks,
        seen.window,
        min_requests=plan.min_requests,
        warming=_warming(state, plan),
    )
    custom = judge_readings(plan.custom, seen.readings, readings_from_s(state, seen, plan))
    verdicts = (*builtin, *custom)
    grades = {verdict.grade for verdict in verdicts}
    grade = next((g for g in (Grade.FAIL, Grade.UNKNOWN) if g in grades), Grade.PASS)
    # A slow hook keeps the weight from rising, never a broken bound from being counted.
    if grade is Grade.PASS and hook is not None and hook.outcome is Outcome.PENDING:
        return Conclusion(grade=Grade.UNKNOWN, text="rollout hooks have not answered yet")
    text = "; ".join(dict.fromkeys(v.text for v in verdicts if v.grade is grade))
    unjudged = "warming up, not judged" if plan.judged else "no checks"
    return Conclusion(grade=grade, text=text or unjudged, verdicts=verdicts)


def warming_up(state: State, now_s: float, plan: Plan) -> bool:
    """Whether what was counted up to now may come from a canary that is still allowed to be slow.

    What a poll adds was counted since the scrape before.
    """
    if not plan.warm_up_s or state.traffic_from_s is None:
        return plan.warm_up_s > 0
    return now_s - plan.scrape_s < state.traffic_from_s + plan.warm_up_s


def _warming(state: State, plan: Plan) -> bool:
    """Whether the bake began while the canary was still allowed to be slow."""
    warm_s = (state.traffic_from_s or 0.0) + plan.warm_up_s
    return (state.baked_from_s or 0.0) < warm_s


def _unjudgeable(state: State, seen: Seen, plan: Plan) -> str:
    if seen.canary is None:
        return "the API server does not answer"
    needed = enough(present_size(state, plan), plan.canary_ready_percent)
    if seen.canary.ready < needed:
        return f"{seen.canary.ready} of {needed} pods of the canary are ready"
    if not plan.judged:
        return ""
    if not seen.fresh:
        return seen.metrics_error or "no samples from Prometheus"
    return _uncovered(seen.window, length_s(state, plan), plan) if seen.window else ""


def _uncovered(window: Window, length: float, plan: Plan) -> str:
    covered = window.covers_s
    if covered >= length - UNCOVERED_SCRAPES * plan.scrape_s:
        return ""
    return f"Prometheus has samples of only {max(0.0, covered):.0f} s of the {length:.0f} s"
