"""The canary's pods: asked for before the weight rises that needs them, and waited for.

They are asked for while the weight before is judged, so that a run seldom has to wait.
"""

from __future__ import annotations

from dataclasses import replace

from canary.core.baseline import lacking
from canary.core.gates import Asked
from canary.core.pace import LOOK_S
from canary.core.plan import Plan
from canary.core.record import TERMINAL, Phase
from canary.core.seen import Pods
from canary.core.size import enough, full_size, size_for
from canary.core.state import Course, Decision, Effect, Seen, State

_OVER = frozenset({Phase.ROLLING_BACK, *TERMINAL})


def grown(state: State, seen: Seen, plan: Plan) -> State:
    """Full size follows a primary that grows, and never one that shrinks."""
    full = max(state.size.full, full_size(plan, seen.primary))
    return replace(state, size=replace(state.size, full=full))


def due_percent(state: State, plan: Plan) -> int:
    """Of how many percent of the requests the canary gets them, or copies, next."""
    everything = state.hurried or state.course is not Course.JUDGED
    if everything or state.phase in {Phase.PROMOTING, Phase.SOAKING}:
        return 100
    if state.phase is Phase.PREPARING and plan.mirror_percent:
        return plan.mirror_percent
    return plan.weight(state.step + 1)


def due_size(state: State, plan: Plan) -> int:
    """As many pods as it needs for that."""
    return size_for(due_percent(state, plan), state.size.full or plan.replicas, plan)


def present_size(state: State, plan: Plan) -> int:
    """As many pods as what it is sent now needs."""
    return state.size.present or size_for(_sent_percent(state), plan.replicas, plan)


def demanding(decision: Decision, seen: Seen, plan: Plan) -> Decision:
    """The same decision; it also asks for the pods that are needed next, where there are fewer."""
    state = decision.state
    if state.phase in _OVER:
        return decision
    if Effect.SHIFT in decision.effects:
        present = size_for(_sent_percent(state), state.size.full, plan)
        state = replace(state, size=replace(state.size, present=present, awaited_s=None))
    due = due_size(state, plan)
    if not _to_be_asked(state, due, seen, plan):
        return replace(decision, state=state)
    asked = replace(state.size, asked=due, asked_s=seen.now_s)
    effects = (*decision.effects, Effect.SCALE)
    return replace(decision, state=replace(state, size=asked), effects=effects)


def await_pods(state: State, seen: Seen, plan: Plan, weight_percent: int) -> Asked:
    """Whether enough pods are ready for this weight; with a dead primary any pod is."""
    dead = seen.primary is not None and not seen.primary.ready
    if dead and seen.canary is not None and seen.canary.ready:
        return Asked(state=state)
    size = size_for(weight_percent, state.size.full, plan)
    missing = short_of(state, seen, enough(size, plan.canary_ready_percent))
    if not missing:
        return Asked(state=state)
    since_s = seen.now_s if state.size.awaited_s is None else state.size.awaited_s
    waiting = replace(state, size=replace(state.size, awaited_s=since_s))
    what = f"the pods for {f'{weight_percent} %' if weight_percent else 'the next iteration'}"
    if seen.now_s - since_s > plan.progress_deadline_s:
        late = f"{what} were not ready within {plan.progress_deadline_s:.0f} s: {missing}"
        return Asked(state=waiting, refusal=late)
    reason = f"held at {state.share}: waiting for {what}: {missing}"
    first = state.size.awaited_s is None
    return Asked(
        state=waiting,
        hold=Decision(state=waiting, reason=reason, wait_s=LOOK_S / 2, loud=first),
    )


def short_of(state: State, seen: Seen, needed: int) -> str:
    """What canary or baseline lack while fewer than `needed` pods are ready, "" if nothing."""
    if seen.canary is None or seen.canary.ready < needed:
        return missing_text(seen.canary, needed)
    baseline = lacking(state, seen, needed)
    return f"the baseline has {missing_text(baseline, needed)}" if baseline else ""


def missing_text(pods: Pods | None, needed: int) -> str:
    """How many of the needed pods are ready, and what is wrong with the others."""
    if pods is None:
        return "the API server does not answer"
    trouble = f": {pods.trouble}" if pods.trouble else ""
    return f"{pods.ready} of {needed} pods ready{trouble}"


def _sent_percent(state: State) -> int:
    return state.weight_percent or state.mirror_percent


def _to_be_asked(state: State, due: int, seen: Seen, plan: Plan) -> bool:
    """Whether the cluster has to be told.

    An autoscaler may have started as many already, but would also take them away again.
    """
    if seen.canary is None:
        return False
    short = seen.canary.wanted < due
    if due > state.size.asked:
        return short or plan.most_replicas > 0
    return short and seen.now_s - state.size.asked_s >= plan.poll_s
