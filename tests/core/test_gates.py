"""Webhooks that hold a run: nothing rises before they answer, and nothing is out of sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from canary.core.plan import Gate, OnTimeout, Plan
from canary.core.record import Phase
from canary.core.seen import HookResult, HookType, Outcome
from canary.core.state import Course, Seen, State
from tests.core.timeline import BEGIN, PLAN, World, failing, healthy, last, play, tally, window

PASSED = HookResult(outcome=Outcome.PASSED)
CLOSED = HookResult(outcome=Outcome.FAILED, text="confirm webhook gate: answered 403")
PENDING = HookResult(outcome=Outcome.PENDING)
ROLLOUT, INCREASE, PROMOTION = (
    HookType.CONFIRM_ROLLOUT,
    HookType.CONFIRM_TRAFFIC_INCREASE,
    HookType.CONFIRM_PROMOTION,
)


def gated(kind: HookType, then: OnTimeout = OnTimeout.FAIL, timeout_s: float = 600.0) -> Plan:
    gates = {kind: Gate(timeout_s=timeout_s, then=then)}
    return replace(PLAN, hooks=frozenset({kind.value}), gates=gates)


def answering(
    kind: HookType, result: HookResult, *, until_s: float = 1e9, world: World = healthy
) -> World:
    """The hook answers this until then, and passes afterwards."""

    def seeing(state: State, seen: Seen) -> Seen:
        hooks: Mapping[HookType, HookResult] = {kind: result if seen.now_s < until_s else PASSED}
        return replace(world(state, seen), hooks=hooks)

    return seeing


def test_confirm_rollout_holds_before_any_traffic() -> None:
    lines = play(answering(ROLLOUT, CLOSED, until_s=90.0), gated(ROLLOUT))
    assert "Preparing     0 [call confirm-rollout] asking confirm-rollout" in lines[0]
    shift = next(line for line in lines if "[shift]" in line)
    assert 90.0 <= float(shift.split()[0]) < 91.0
    assert "Succeeded" in lines[-1]


def test_confirm_traffic_increase_holds_before_each_weight() -> None:
    lines = play(answering(INCREASE, PASSED), gated(INCREASE))
    asked = [line for line in lines if "[call confirm-traffic-increase]" in line]
    opened = [line for line in lines if "call confirm-traffic-increase]" in line]
    assert len(asked) == 1, "before the first weight"
    assert len(opened) == 3, "and while the others are baked"
    assert "Succeeded" in lines[-1]


def test_confirm_promotion_holds_before_the_first_weight_of_the_promotion() -> None:
    plan = replace(gated(PROMOTION), weights=(10, 50, 75), promotion_steps=1)
    lines = play(answering(PROMOTION, CLOSED, until_s=90.0), plan)
    weights = [(float(line.split()[0]), line.split()[2]) for line in lines if "[shift]" in line]
    assert [weight for _, weight in weights] == ["10", "50", "75", "100"]
    assert weights[1][0] < 40.0
    assert 90.0 <= weights[2][0] < 91.0
    assert weights[3][0] - weights[2][0] < 2 * plan.interval_s, "nobody is asked again"


@pytest.mark.parametrize("weights", [(), (10, 50)])
def test_confirm_promotion_is_asked_of_any_list_of_weights(weights: tuple[int, ...]) -> None:
    lines = play(
        answering(PROMOTION, CLOSED), replace(gated(PROMOTION, timeout_s=30.0), weights=weights)
    )
    assert not any("100 % to the canary" in line for line in lines)
    assert f"{PROMOTION} was not approved within 30 s" in lines[-1]


def test_an_approval_opens_only_the_gate_that_held_when_it_was_given() -> None:
    """A check that fails between the two makes the gate ask again."""
    plan = replace(gated(PROMOTION), weights=(50,), threshold=5)

    def world(state: State, seen: Seen) -> Seen:
        spoilt = failing if 30.0 < seen.now_s < 60.0 else healthy
        orders = {25.0: "suspend", 26.0: "approve", 70.0: "resume"}
        order = next((text for at_s, text in orders.items() if 0 <= seen.now_s - at_s < 1.0), "")
        seen = answering(PROMOTION, CLOSED, world=spoilt)(state, seen)
        return replace(seen, order=order)

    lines = play(world, replace(plan, max_duration_s=200.0))
    assert any("was approved by somebody" in line for line in lines)
    assert any("failed checks" in line for line in lines)
    assert not any("promoting" in line for line in lines)


def test_a_promotion_is_not_asked_for_each_of_its_weights() -> None:
    plan = replace(gated(INCREASE), weights=(10, 50, 75), promotion_steps=1)
    lines = play(answering(INCREASE, PASSED), plan)
    assert sum("call confirm-traffic-increase]" in line for line in lines) == 3
    assert "Succeeded" in lines[-1]


def test_an_open_gate_costs_next_to_no_time() -> None:
    without, within = play(healthy)[-1], play(answering(PROMOTION, PASSED), gated(PROMOTION))[-1]
    assert float(within.split()[0]) - float(without.split()[0]) < 0.5


def test_confirm_promotion_holds_at_the_last_weight_and_goes_on_at_once() -> None:
    lines = play(answering(PROMOTION, CLOSED, until_s=57.0), gated(PROMOTION))
    held = next(line for line in lines if "held at 50 %: waiting for confirm-promotion" in line)
    assert held.split()[1:3] == ["Progressing", "50"]
    promoting = next(line for line in lines if "Promoting" in line)
    assert 57.0 <= float(promoting.split()[0]) < 58.0
    assert "confirm-promotion was approved" in promoting


def test_a_gate_is_named_though_it_opens_as_a_bake_ends() -> None:
    lines = play(answering(PROMOTION, CLOSED, until_s=57.0), gated(PROMOTION))
    held_s = [float(line.split()[0]) for line in lines if "held at 50 %: waiting for" in line]
    lines = play(answering(PROMOTION, CLOSED, until_s=held_s[-1] + 9.9), gated(PROMOTION))
    promoting = next(line for line in lines if "promoting: " in line)
    assert "promoting: confirm-promotion was approved; 100 % of" in promoting


def test_the_weight_is_judged_while_a_gate_holds() -> None:
    def spoilt(state: State, seen: Seen) -> Seen:
        return (failing if seen.now_s > 40.0 else healthy)(state, seen)

    lines = play(answering(PROMOTION, CLOSED, world=spoilt), gated(PROMOTION))
    assert "Failed" in lines[-1]
    assert "at 50 %: request-success-rate" in lines[-1]
    assert float(lines[-1].split()[0]) < 75.0


def test_a_failed_check_closes_the_gate_again() -> None:
    def spoilt(state: State, seen: Seen) -> Seen:
        return (failing if 25.0 < seen.now_s < 35.0 else healthy)(state, seen)

    lines = play(answering(PROMOTION, PENDING, until_s=45.0, world=spoilt), gated(PROMOTION))
    failed = next(i for i, line in enumerate(lines) if "1 of 2 failed checks" in line)
    later = [line for line in lines[failed + 1 :] if "call confirm-promotion" in line]
    assert later, "it is asked anew after a bake that passed"
    assert "Succeeded" in lines[-1]


def test_a_gate_that_opens_as_a_bake_ends_does_not_keep_that_bake_from_being_judged() -> None:
    def turning(state: State, seen: Seen) -> Seen:
        return (failing if seen.now_s > 20.3 else healthy)(state, seen)

    lines = play(answering(PROMOTION, CLOSED, until_s=30.1, world=turning), gated(PROMOTION))
    assert not any("Promoting" in line for line in lines)
    assert "at 50 %: request-success-rate 0.0 %" in lines[-1]


def test_an_open_gate_is_no_verdict_where_prometheus_has_none() -> None:
    def silent(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        return replace(usual, window=None, fresh=False) if seen.now_s > 21 else usual

    lines = play(answering(PROMOTION, CLOSED, until_s=45.0, world=silent), gated(PROMOTION))
    assert "at 50 %: inconclusive for 30 s: no samples from Prometheus" in lines[-1]


def test_a_bad_moment_of_both_versions_closes_the_gate_again() -> None:
    def bad_for_both(state: State, seen: Seen) -> Seen:
        usual, both = healthy(state, seen), tally(100, failed=100)
        bad = usual.window is not None and 22 < seen.now_s < 44
        return replace(usual, window=window(both, both, seconds=10.0)) if bad else usual

    lines = play(answering(PROMOTION, CLOSED, until_s=42.0, world=bad_for_both), gated(PROMOTION))
    anew = [float(line.split()[0]) for line in lines if "baking anew at 50 %" in line]
    promoting = next(float(line.split()[0]) for line in lines if "Promoting" in line)
    assert promoting >= anew[-1] + PLAN.interval_s
    assert "Succeeded" in lines[-1]


@pytest.mark.parametrize(
    ("kind", "end"),
    [(ROLLOUT, 0), (INCREASE, 0), (PROMOTION, 50)],
)
def test_a_gate_has_a_timeout(kind: HookType, end: int) -> None:
    told = last(answering(kind, CLOSED), gated(kind, timeout_s=30.0))
    assert f"{kind} was not approved within 30 s: confirm webhook gate: answered 403" in told
    assert told.split()[1] == Phase.FAILED
    assert (f"at {end} %" in told) is (end > 0)


def test_a_gate_may_open_by_itself() -> None:
    plan = gated(PROMOTION, OnTimeout.PASS, 30.0)
    assert "Succeeded" in last(answering(PROMOTION, CLOSED), plan)


@pytest.mark.parametrize("timeout_s", [25.0, 30.2])
def test_a_gate_that_opened_by_itself_was_not_approved(timeout_s: float) -> None:
    """Within a bake, and as one ends."""
    plan = gated(PROMOTION, OnTimeout.PASS, timeout_s)
    lines = play(answering(PROMOTION, CLOSED), plan)
    text = f"not approved within {timeout_s:.0f} s: passed as onGateTimeout says"
    promoting = next(line for line in lines if "promoting: " in line)
    assert f"promoting: confirm-promotion was {text}" in promoting
    assert not any("was approved" in line for line in lines)


def test_who_approves_a_gate_that_would_open_by_itself_is_believed() -> None:
    plan = gated(PROMOTION, OnTimeout.PASS, 60.0)
    lines = play(answering(PROMOTION, CLOSED, until_s=40.0), plan)
    promoting = next(line for line in lines if "promoting: " in line)
    assert "promoting: confirm-promotion was approved" in promoting


def test_a_gate_may_hold_for_as_long_as_it_takes() -> None:
    plan = gated(PROMOTION, OnTimeout.HOLD, 30.0)
    lines = play(answering(PROMOTION, CLOSED, until_s=900.0), plan, looks=5000)
    assert "Succeeded" in lines[-1]
    assert float(lines[-1].split()[0]) > 900.0


def test_a_gate_that_never_answered_says_what_is_waited_for() -> None:
    told = last(answering(ROLLOUT, HookResult()), gated(ROLLOUT, timeout_s=5.0), BEGIN)
    assert told.endswith("confirm-rollout was not approved within 5 s: waiting for confirm-rollout")


def test_a_rollback_hook_ends_the_run_at_once() -> None:
    plan = replace(PLAN, hooks=frozenset({"rollback"}))
    refused = HookResult(outcome=Outcome.FAILED, text="rollback webhook: answered 403")

    def asked(state: State, seen: Seen) -> Seen:
        result = PASSED if seen.now_s > 15.0 else refused
        return replace(healthy(state, seen), hooks={HookType.ROLLBACK: result})

    told = last(asked, plan)
    assert told.endswith("at 50 %: a rollback webhook asked for it")
    assert 15.0 < float(told.split()[0]) < 17.0


def test_a_skipped_analysis_asks_for_permission_all_the_same() -> None:
    plan = replace(gated(ROLLOUT, timeout_s=20.0), skip_analysis=True)
    start = replace(BEGIN, course=Course.DIRECT)
    lines = play(answering(ROLLOUT, CLOSED, until_s=10.0), plan, start)
    promoting = next(line for line in lines if "[shift]" in line)
    assert 10.0 <= float(promoting.split()[0]) < 11.0
    refused = last(answering(ROLLOUT, CLOSED), plan, start)
    assert "confirm-rollout was not approved within 20 s" in refused


def test_a_version_that_is_needed_back_waits_for_nobody() -> None:
    start = replace(BEGIN, course=Course.DIRECT)
    lines = play(answering(ROLLOUT, CLOSED), gated(ROLLOUT), start)
    assert "it served not long ago" in lines[0]
    assert "Succeeded" in lines[-1]
