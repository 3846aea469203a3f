"""The state machine of a run.

Every rule about which phase may follow which lives here: the legal edges in `EDGES`, one small
handler per phase. `decide` is pure, so a run can be replayed from what it saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from canary.core import bake
from canary.core.acceptance import acceptance, patient, unseen
from canary.core.baseline import ending
from canary.core.breach import breach, too_long, watch
from canary.core.gates import confirm, due, opening
from canary.core.moves import open_bake, shift
from canary.core.orders import forgotten, fresh, obey
from canary.core.pace import LIVE_DEADLINE_S, LOOK_S, live_look_s
from canary.core.plan import Plan
from canary.core.record import Phase
from canary.core.retreat import give_up, roll_back, rolling_back
from canary.core.scaling import await_pods, demanding, due_size, missing_text, short_of
from canary.core.seen import HookType
from canary.core.size import enough
from canary.core.state import Course, Decision, Effect, Seen, State
from canary.core.texts import HELD
from canary.core.verdicts import Grade

EDGES: Mapping[Phase, frozenset[Phase]] = {
    Phase.PREPARING: frozenset(
        {
            Phase.PREPARING,
            Phase.PROGRESSING,
            Phase.PROMOTING,
            Phase.SUCCEEDED,
            Phase.FAILED,
            Phase.ROLLING_BACK,  # traffic that somebody else moved
        }
    ),
    Phase.PROGRESSING: frozenset({Phase.PROGRESSING, Phase.PROMOTING, Phase.ROLLING_BACK}),
    Phase.PROMOTING: frozenset({Phase.PROMOTING, Phase.SOAKING, Phase.ROLLING_BACK}),
    Phase.SOAKING: frozenset({Phase.SOAKING, Phase.SUCCEEDED, Phase.ROLLING_BACK}),
    Phase.ROLLING_BACK: frozenset({Phase.ROLLING_BACK, Phase.FAILED}),
    Phase.SUCCEEDED: frozenset(),
    Phase.FAILED: frozenset(),
}


def decide(state: State, seen: Seen, plan: Plan) -> Decision:
    """What to do next, given where the run is and what was just seen."""
    state = forgotten(watch(state, seen, plan), seen)
    order = fresh(state, seen)
    decision = obey(order, state, seen) if order else _HANDLERS[state.phase](state, seen, plan)
    decision = demanding(decision, seen, plan)
    after = decision.state
    assert after.phase in EDGES[state.phase], f"{state.phase} -> {after.phase}"
    assert 0 <= after.weight_percent <= 100
    assert decision.reason
    return decision


def _preparing(state: State, seen: Seen, plan: Plan) -> Decision:
    if seen.foreign and state.course is Course.FIRST:  # there is nothing to go back to
        return give_up(state, seen.foreign)
    if seen.foreign:  # it may have given the canary traffic
        return roll_back(state, seen, seen.foreign)
    if seen.stop:
        return give_up(state, seen.stop, stopped=True)
    if late := too_long(state, seen, plan):
        return give_up(state, late)
    needed = enough(due_size(state, plan), plan.canary_ready_percent)
    missing = short_of(state, seen, needed) or _short_primary(state, seen, plan)
    missing = missing or unseen(state, seen)
    if not missing:
        return _enter(state, seen, plan)
    if seen.now_s - state.entered_s > plan.progress_deadline_s:
        return give_up(state, f"not ready within {plan.progress_deadline_s:.0f} s: {missing}")
    return Decision(state=state, reason=f"preparing: {missing}", wait_s=LOOK_S / 2)


def _enter(state: State, seen: Seen, plan: Plan) -> Decision:
    if state.suspended:
        reason = f"suspended by {state.suspended} before any traffic"
        return patient(Decision(state=state, reason=reason, wait_s=LOOK_S), seen)
    if state.course is Course.FIRST:
        after = replace(state, phase=Phase.SUCCEEDED, weight_percent=100)
        reason = "first version is ready: it gets all traffic, without analysis"
        return Decision(state=after, reason=reason, effects=(Effect.SETTLE,), loud=True)
    if seen.primary is not None and not seen.primary.ready:
        return shift(
            replace(state, course=Course.DIRECT), seen, 100, "the primary has no ready pod"
        )
    if state.hurried:
        return shift(state, seen, 100, f"promoted by {state.hurried}")
    if state.course is Course.DIRECT and not plan.skip_analysis:
        # Nobody is asked before a version that is needed back.
        return shift(state, seen, 100, "it served not long ago")
    return _permitted(state, seen, plan)


def _permitted(state: State, seen: Seen, plan: Plan) -> Decision:
    asked = confirm((HookType.CONFIRM_ROLLOUT,), state, seen, plan)
    if asked.refusal:
        return give_up(state, asked.refusal)
    if asked.hold:
        return patient(asked.hold, seen)
    if state.course is Course.DIRECT:
        return shift(asked.state, seen, 100, "the analysis is skipped")
    return acceptance(asked.state, seen, plan)


def _short_primary(state: State, seen: Seen, plan: Plan) -> str:
    """What a primary that serves lacks to be compared with, "" if nothing.

    One without any ready pod is not waited for: the canary then takes over.
    """
    pods = seen.primary
    if state.course is not Course.JUDGED or pods is None or not pods.ready:
        return ""
    needed = enough(pods.wanted, plan.primary_ready_percent)
    return "" if pods.ready >= needed else f"the primary has {missing_text(pods, needed)}"


def _progressing(state: State, seen: Seen, plan: Plan) -> Decision:
    if early := _ended_early(state, seen, plan):
        return early
    if state.phase is Phase.PROGRESSING and state.hurried and not state.suspended:
        asked = await_pods(state, seen, plan, 100)
        if asked.refusal:
            return roll_back(state, seen, f"at {state.share}: {asked.refusal}")
        if not asked.hold:
            return shift(asked.state, seen, 100, f"promoted by {state.hurried}")
        state = asked.state  # judged meanwhile
    if state.baked_from_s is None:
        return _await_live(state, seen, plan)
    return _baking(state, seen, plan)


def _ended_early(state: State, seen: Seen, plan: Plan) -> Decision | None:
    if seen.stop:
        return roll_back(state, seen, seen.stop, stopped=True)
    if cause := breach(state, seen, plan):
        return roll_back(state, seen, f"at {state.share}: {cause}")
    return None


def _await_live(state: State, seen: Seen, plan: Plan) -> Decision:
    if seen.live.confirmed:
        soaking = state.phase is Phase.PROMOTING
        after = replace(
            state,
            phase=Phase.SOAKING if soaking else state.phase,
            baked_from_s=seen.now_s,
            traffic_from_s=_first(state.traffic_from_s, seen.now_s),
        )
        return open_bake(after, plan, f"{state.share} is live on every replica")
    if seen.now_s - state.entered_s > LIVE_DEADLINE_S:
        text = seen.live.text or "Traefik does not confirm it"
        cause = f"{state.share} was not live within {LIVE_DEADLINE_S:.0f} s: {text}"
        return roll_back(state, seen, cause)
    text = f": {seen.live.text}" if seen.live.text else ""
    reason = f"waiting for Traefik to route {state.share}{text}"
    waited_s = seen.now_s - state.entered_s
    return Decision(state=state, reason=reason, wait_s=live_look_s(waited_s))


def _first(before_s: float | None, now_s: float) -> float:
    return now_s if before_s is None else before_s


def _baking(state: State, seen: Seen, plan: Plan) -> Decision:
    if state.course is Course.DIRECT:
        return _direct(state, seen, plan)
    left = bake.left_s(state, seen, plan)
    if left > 0 and state.passed_already and not _held_by(state):
        return _advance(state, seen, plan, opening(state, seen, plan) or "its pods are ready")
    if left > 0:
        reason = f"baking at {state.share}, {left:.0f} s left"
        return Decision(state=state, reason=reason, wait_s=min(LOOK_S, left))
    end = bake.conclude(state, seen, plan)
    if end.grade is Grade.FAIL:
        decision = _failed_check(state, seen, plan, end.text)
    elif end.grade is Grade.PASS:
        briefs = ", ".join(verdict.brief for verdict in end.verdicts) or end.text
        opened = opening(state, seen, plan)
        why = f"{opened}; {briefs}" if opened else briefs
        decision = _advance(state, seen, plan, why)
    else:
        decision = _inconclusive(state, seen, plan, end)
    conclusive = end.grade is not Grade.UNKNOWN
    return replace(decision, verdicts=end.verdicts if conclusive else ())


def _direct(state: State, seen: Seen, plan: Plan) -> Decision:
    """Not judged, but callers inside the cluster are not sent to pods that are not ready."""
    if seen.canary is None or not seen.canary.ready:
        return Decision(state=state, reason=f"held at 100 %: {missing_text(seen.canary, 1)}")
    if state.suspended:
        return Decision(state=state, reason=f"held at 100 %: suspended by {state.suspended}")
    return _advance(state, seen, plan, "live, not judged")


def _failed_check(state: State, seen: Seen, plan: Plan, text: str) -> Decision:
    failed = state.failed_checks + 1
    count = f"{failed} of {plan.threshold} failed checks"
    after = _closed(replace(state, failed_checks=failed))
    if failed >= plan.threshold:
        return roll_back(after, seen, f"at {state.share}: {text} ({count})")
    held = replace(after, baked_from_s=seen.now_s, held_s=None)
    return open_bake(held, plan, f"{HELD} at {state.share}: {text} ({count})", loud=True)


def _closed(state: State) -> State:
    """What was granted to a bake that passed is void."""
    size = replace(state.size, awaited_s=None)
    return replace(state, gate=None, gate_opened="", passed=frozenset(), size=size)


def _inconclusive(state: State, seen: Seen, plan: Plan, end: bake.Conclusion) -> Decision:
    text = end.text
    if not bake.overdue(state, seen, plan):
        if end.shared:  # a bad moment for both must not outweigh the good time after it
            held_s = _first(state.held_s, seen.now_s)
            again = replace(_closed(state), baked_from_s=seen.now_s, held_s=held_s)
            return open_bake(again, plan, f"baking anew at {state.share}: {text}")
        return Decision(state=state, reason=f"held at {state.share}: {text}")
    waited = f"inconclusive for {plan.inconclusive_deadline_s:.0f} s"
    if plan.promote_inconclusive and seen.canary is not None and seen.canary.ready:
        return _advance(state, seen, plan, f"{waited} ({text}), onInconclusive is promote")
    return roll_back(state, seen, f"at {state.share}: {waited}: {text}")


def _advance(state: State, seen: Seen, plan: Plan, why: str) -> Decision:
    if holder := _held_by(state):  # judged on, in bakes of their own
        again = replace(state, baked_from_s=seen.now_s, held_s=None)
        return open_bake(again, plan, f"held at {state.share}: {holder}")
    if state.phase is Phase.SOAKING:
        after = replace(state, phase=Phase.SUCCEEDED, entered_s=seen.now_s)
        reason = f"promoted: {why}"
        effects = ending(state, Effect.SETTLE)
        return Decision(state=after, reason=reason, effects=effects, loud=True)
    following = state.step + 1
    weight = plan.weight(following)
    asked = confirm(due(following, plan), state, seen, plan)
    if not asked.hold and not asked.refusal:
        asked = await_pods(asked.state, seen, plan, weight)
    if asked.refusal:
        return roll_back(state, seen, f"at {state.share}: {asked.refusal}")
    if asked.hold:
        return _held(state, asked.hold, seen, plan)
    return shift(asked.state, seen, weight, why)


def _held_by(state: State) -> str:
    """Who keeps a weight that is judged where it is, "" if nobody does."""
    if state.suspended:
        return f"suspended by {state.suspended}"
    waits = state.hurried and state.phase is Phase.PROGRESSING
    return f"{state.hurried} asked for its promotion" if waits else ""


def _held(state: State, hold: Decision, seen: Seen, plan: Plan) -> Decision:
    """Hold at a gate, or for pods; the weight is judged on, in bakes of its own."""
    if state.passed_already and bake.left_s(state, seen, plan) > 0:
        return hold
    again = replace(hold.state, baked_from_s=seen.now_s, held_s=None)
    reason = f"{HELD} at {state.share}: waiting for {again.gate}" if again.gate else hold.reason
    opened = open_bake(again, plan, reason, loud=hold.loud or not state.passed_already)
    return replace(opened, effects=(*opened.effects, *hold.effects))


def _finished(state: State, seen: Seen, plan: Plan) -> Decision:
    raise AssertionError(f"no decision follows {state.phase}: {seen}, {plan}")


_HANDLERS: Mapping[Phase, Callable[[State, Seen, Plan], Decision]] = {
    Phase.PREPARING: _preparing,
    Phase.PROGRESSING: _progressing,
    Phase.PROMOTING: _progressing,
    Phase.SOAKING: _progressing,
    Phase.ROLLING_BACK: rolling_back,
    Phase.SUCCEEDED: _finished,
    Phase.FAILED: _finished,
}
