"""Any sequence of observations keeps the machine's promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from canary.core.custom import CustomCheck, Reading
from canary.core.gates import CALLS
from canary.core.orders import Order
from canary.core.plan import Gate, OnTimeout, Plan
from canary.core.record import TERMINAL, Phase
from canary.core.retreat import KEPT
from canary.core.seen import HookResult, HookType, Live, Outcome, Pods
from canary.core.size import size_for
from canary.core.state import Course, Decision, Effect, Seen, State
from canary.core.transitions import EDGES, decide
from canary.core.verdicts import Grade
from tests.core.timeline import BEGIN, CHECKS, tally, window

PLAN = Plan(
    weights=(10, 30, 60),
    interval_s=10.0,
    threshold=2,
    checks=CHECKS,
    custom=(CustomCheck(name="orders", query="orders", least=10.0),),
    soak_s=5.0,
    progress_deadline_s=60.0,
    inconclusive_deadline_s=20.0,
    max_duration_s=300.0,
    replicas=2,
    hooks=frozenset({"pre-rollout", "rollout", "rollback", *CALLS}),
    gates={
        HookType.CONFIRM_ROLLOUT: Gate(timeout_s=40.0),
        HookType.CONFIRM_TRAFFIC_INCREASE: Gate(timeout_s=20.0, then=OnTimeout.PASS),
        HookType.CONFIRM_PROMOTION: Gate(timeout_s=20.0, then=OnTimeout.HOLD),
    },
)
LONGEST_S = 300.0 + 60.0 + 30.0 + 5.0  # a run, its restore, Traefik's confirmation, looks
MOVES = frozenset({Effect.SHIFT, Effect.RESTORE, Effect.SETTLE})

PICKED = {"weights": (0, 0, 0)}
WAYS: tuple[dict[str, Any], ...] = (
    *({}, {"baseline": True}, {"mirror_percent": 50}),
    *(PICKED, {**PICKED, "previewed": True}),
    *({"proportional": True}, {"proportional": True, "most_replicas": 9}),
)

pods = st.none() | st.builds(
    Pods,
    wanted=st.just(2),
    existing=st.just(2),
    ready=st.sampled_from((0, 1, 2, 2, 2, 2)),
    exits=st.sampled_from((0, 0, 0, 1, 2)),
    disturbed=st.booleans(),
)
hooks = st.builds(
    lambda outcome: HookResult(
        outcome=outcome, text="hook: 500" if outcome is Outcome.FAILED else ""
    ),
    st.sampled_from((*Outcome, Outcome.PASSED, Outcome.PASSED)),
)
AGREED = HookResult(outcome=Outcome.PASSED)
REFUSED = HookResult(outcome=Outcome.FAILED, text="hook: 403")
tallies = st.sampled_from((tally(40), tally(40), tally(40, failed=40), tally(0), tally(40, slow=9)))
windows = st.none() | st.builds(
    window, tallies, tallies, seconds=st.sampled_from((1.0, 12.0, 12.0, 12.0))
)
ENOUGH, FEW = (Reading(value=value, asked_s=1e9) for value in (10.0, 9.0))
sights = st.builds(
    Seen,
    now_s=st.just(0.0),
    canary=pods,
    primary=pods,
    baseline=pods,
    live=st.builds(Live, confirmed=st.sampled_from((True, True, True, False))),
    window=windows,
    fresh=st.sampled_from((True, True, True, False)),
    readings=st.sampled_from(({"orders": ENOUGH}, {"orders": ENOUGH}, {"orders": FEW}, {})),
    hooks=st.fixed_dictionaries(
        {
            **dict.fromkeys((HookType.PRE_ROLLOUT, HookType.ROLLOUT, *CALLS), hooks),
            HookType.ROLLBACK: st.sampled_from((*[REFUSED] * 20, AGREED)),
        }
    ),
    stop=st.sampled_from(("",) * 60 + ("the update was interrupted",)),
    foreign=st.sampled_from(("",) * 60 + ("weights were changed by kubectl",)),
    order=st.sampled_from(("",) * 30 + ("suspend", "resume", "promote", "approve", "nonsense")),
)
PEACE = Seen(
    now_s=0.0,
    canary=Pods(wanted=2, existing=2, ready=2),
    primary=Pods(wanted=2, existing=2, ready=2),
    baseline=Pods(wanted=2, existing=2, ready=2),
    live=Live(confirmed=True),
    window=window(tally(40), tally(200), seconds=12.0),
    fresh=True,
    readings={"orders": ENOUGH},
    hooks={**dict.fromkeys(HookType, AGREED), HookType.ROLLBACK: REFUSED},
)


class RunMachine(RuleBasedStateMachine):
    """One run that sees anything; time passes as decisions say."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = PLAN
        self.state = BEGIN
        self.now_s = 0.0
        self.judged: list[int] = []

    @initialize(
        course=st.sampled_from(Course),
        lenient=st.booleans(),
        way=st.sampled_from(WAYS),
    )
    def begin(self, course: Course, *, lenient: bool, way: dict[str, Any]) -> None:
        self.plan = replace(PLAN, promote_inconclusive=lenient, **way)
        copied = self.plan.baseline and course is Course.JUDGED
        begin = replace(BEGIN, course=course, baseline=copied)
        self.state = replace(begin, exposed=self.plan.previewed)

    @precondition(lambda self: self.state.phase not in TERMINAL)
    @rule(seen=sights, looks=st.sampled_from((1, 1, 5, 15)))
    def see_anything(self, seen: Seen, looks: int) -> None:
        for _ in range(looks):
            self._look(seen)

    @precondition(lambda self: self.state.phase not in TERMINAL)
    @rule(looks=st.sampled_from((5, 15, 40)))
    def live_in_peace(self, looks: int) -> None:
        for _ in range(looks):
            self._look(PEACE)

    @precondition(lambda self: self.state.phase not in TERMINAL)
    @rule(seen=sights, driver=st.booleans())
    def be_stopped(self, seen: Seen, *, driver: bool) -> None:
        """By the driver or by somebody else's hand, whatever the pods do."""
        text = "somebody"
        self._look(replace(seen, stop=text if driver else "", foreign="" if driver else text))

    @precondition(lambda self: self.state.weight_percent and self.state.phase not in TERMINAL)
    @rule(driver=st.booleans(), known=st.booleans())
    def be_stopped_over_a_dead_primary(self, *, driver: bool, known: bool) -> None:
        """When the API server does not answer just then, what was seen before counts."""
        dead = replace(PEACE, primary=Pods(wanted=2, existing=2, ready=0))
        self._look(dead)
        stop = replace(
            dead, stop="somebody" if driver else "", foreign="" if driver else "somebody"
        )
        blind = replace(stop, canary=None, primary=None)
        self._look(stop if known else blind)
        assert self.state.weight_percent, "traffic moved to a version without pods"

    @precondition(lambda self: self.state.weight_percent and self.state.phase not in TERMINAL)
    @rule(problem=st.sampled_from(("503", "403")))
    def fail_to_restore(self, problem: str) -> None:
        """What the engine does when a RESTORE was not written."""
        weight = self.state.weight_percent
        self._look(replace(PEACE, stop="the update was interrupted"))
        if self.state.phase is Phase.ROLLING_BACK and not self.state.weight_percent:
            self.state = replace(self.state, weight_percent=weight, doubt=f"failed: {problem}")

    @rule()
    def rest(self) -> None:
        """Keep the machine runnable once the run has ended."""

    def teardown(self) -> None:
        """However it goes, time alone ends it, in a bounded number of looks."""
        blind = Seen(now_s=0.0)
        looks = 0
        self._look(replace(blind, order=Order(verb="resume", at=1.0).to_json()))
        while self.state.phase not in TERMINAL:
            self._look(blind)
            looks += 1
            assert looks <= 20 * LONGEST_S, "this never ends"
        assert self.now_s - self.state.began_s <= LONGEST_S, "time suspended was given back"

    def _look(self, seen: Seen) -> None:
        if self.state.phase in TERMINAL:
            return
        seen = replace(seen, now_s=self.now_s)
        before, decision = self.state, decide(self.state, seen, self.plan)
        assert decision.state.phase in EDGES[before.phase]
        assert decision.reason
        assert "\n" not in decision.reason
        assert decision.wait_s > 0
        self._check_weights(before, decision, seen)
        self._check_moves(decision, seen)
        self._check_end(decision)
        self.state = decision.state
        self.now_s += decision.wait_s

    def _check_weights(self, before: State, decision: Decision, seen: Seen) -> None:
        """Up only at the end of a bake that passed, along the plan; down only to nothing."""
        after = decision.state
        planned = (0, *(weight for weight in self.plan.weights if weight), 100)
        assert after.weight_percent in planned
        self._check_copies(after, seen)
        if after.weight_percent < before.weight_percent:
            assert after.weight_percent == 0
            assert Effect.RESTORE in decision.effects
        if after.weight_percent <= before.weight_percent:
            return
        direct = after.course is not Course.JUDGED
        every = before.step + 1 == len(self.plan.weights)
        assert not self.plan.iterations or every or direct or before.hurried
        moves = tuple(effect for effect in decision.effects if effect is not Effect.SCALE)
        assert moves in {(Effect.SHIFT,), (Effect.SETTLE,)}
        following = planned[planned.index(before.weight_percent) + 1]
        assert direct or before.hurried or after.weight_percent == following
        assert not before.suspended
        if before.phase is Phase.PROGRESSING and not before.hurried:
            assert before.baked_from_s is not None
            baked = seen.now_s - before.baked_from_s >= self.plan.interval_s
            assert baked or before.passed_already
            if before.passed_already:  # its last bake, when the gate or the pods were asked for
                return
            passed = {verdict.grade for verdict in decision.verdicts} <= {Grade.PASS}
            assert (decision.verdicts and passed) or self.plan.promote_inconclusive

    def _check_copies(self, after: State, seen: Seen) -> None:
        """Only before the first weight; left behind only where nothing may be written."""
        assert after.mirror_percent in {0, self.plan.mirror_percent}
        if after.mirror_percent:
            assert not after.weight_percent
            assert after.phase is not Phase.FAILED or after.doubt
            assert (
                after.phase is not Phase.ROLLING_BACK or after.cause == "somebody" or seen.foreign
            )

    def _check_moves(self, decision: Decision, seen: Seen) -> None:
        """No effect sends traffic to a version without ready pods while the other has some."""
        if seen.canary is None or seen.primary is None:
            return
        to_canary = {Effect.SHIFT, Effect.SETTLE} & set(decision.effects)
        if to_canary:
            assert seen.canary.ready or not seen.primary.ready
        if Effect.SHIFT in decision.effects and seen.primary.ready:
            after = decision.state
            size = size_for(after.weight_percent, self.plan.replicas, self.plan)
            assert seen.canary.ready >= (size if after.weight_percent else 1)
        if Effect.RESTORE in decision.effects:
            copied = self.state.mirror_percent > 0  # then all traffic is the primary's already
            assert copied or seen.primary.ready or not seen.canary.ready

    def _check_end(self, decision: Decision) -> None:
        after = decision.state
        if after.phase is Phase.SUCCEEDED:
            assert after.weight_percent == 100
            assert Effect.SETTLE in decision.effects
        if after.phase is Phase.FAILED:
            assert after.cause
            assert not MOVES & set(decision.effects)
            assert after.weight_percent == 0 or after.doubt, "traffic left without a word"
            assert not after.doubt or after.doubt in decision.reason
            assert not after.iteration or after.doubt
        if Effect.STOP_CANARY in decision.effects:
            assert after.weight_percent == 0
            assert not after.doubt
        self._check_baseline(decision)
        if after.doubt.startswith(KEPT):
            assert after.stranded
        if self.state.weight_percent and after.phase is Phase.ROLLING_BACK:
            assert Effect.RESTORE in decision.effects or after.stranded or after.doubt

    def _check_baseline(self, decision: Decision) -> None:
        """It goes when the run has ended, unless requests may still come to it."""
        after = decision.state
        goes = after.phase in TERMINAL and not after.doubt
        assert (Effect.DROP_BASELINE in decision.effects) == (after.baseline and goes)


RunMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, derandomize=True
)
TestRunMachine = RunMachine.TestCase
