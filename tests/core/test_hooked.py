"""How webhooks hold a run, end it, and are heard."""

from __future__ import annotations

from dataclasses import replace

from canary.core.seen import HookResult, HookType, Outcome
from canary.core.state import Seen, State
from tests.core.timeline import (
    PLAN,
    failing,
    healthy,
    last,
    play,
    seeing,
)


def hook(outcome: Outcome, text: str = "") -> dict[HookType, HookResult]:
    kinds = (HookType.PRE_ROLLOUT, HookType.ROLLOUT)
    return {kind: HookResult(outcome=outcome, text=text) for kind in kinds}


HOOKED = replace(PLAN, hooks=frozenset({"pre-rollout", "rollout"}))


def test_hooks_are_called_before_traffic_and_at_each_bake() -> None:
    def world(state: State, seen: Seen) -> Seen:
        outcome = Outcome.IDLE if seen.now_s == 0 else Outcome.PENDING
        return replace(
            healthy(state, seen), hooks=hook(outcome if seen.now_s < 3 else Outcome.PASSED)
        )

    lines = play(world, HOOKED)
    assert "[call pre-rollout] calling pre-rollout hooks" in lines[0]
    assert "10 % to the canary: it is ready and pre-rollout passed" in lines[1]
    assert sum("call rollout" in line for line in lines) == 3


def test_a_pre_rollout_hook_that_never_answers_does_not_hold_a_run_for_ever() -> None:
    world = seeing(hooks=hook(Outcome.PENDING))
    plan = replace(HOOKED, max_duration_s=100.0)
    assert last(world, plan).endswith("the run took longer than maxDuration (100 s)")


def test_a_slow_rollout_hook_is_waited_for() -> None:
    def world(state: State, seen: Seen) -> Seen:
        slow = state.weight_percent == 50 and seen.now_s < 30
        return replace(
            healthy(state, seen), hooks=hook(Outcome.PENDING if slow else Outcome.PASSED)
        )

    lines = play(world, HOOKED)
    promoting = next(line for line in lines if "100 % to the canary, promoting" in line)
    assert float(promoting.split()[0]) >= 30


def test_a_slow_rollout_hook_does_not_hide_a_broken_bound() -> None:
    def world(state: State, seen: Seen) -> Seen:
        kinds = {HookType.PRE_ROLLOUT: Outcome.PASSED, HookType.ROLLOUT: Outcome.PENDING}
        hooks = {kind: HookResult(outcome=outcome) for kind, outcome in kinds.items()}
        return replace(failing(state, seen), hooks=hooks)

    lines = play(world, HOOKED)
    assert "(2 of 2 failed checks)" in lines[-1] or "(2 of 2 failed checks)" in lines[-2]
    assert float(lines[-1].split()[0]) < 3 * HOOKED.interval_s + HOOKED.drain_s


def test_a_refusing_pre_rollout_hook_ends_the_run_before_any_traffic() -> None:
    def world(state: State, seen: Seen) -> Seen:
        called = Outcome.FAILED if seen.now_s > 0 else Outcome.IDLE
        return replace(healthy(state, seen), hooks=hook(called, "acceptance: 500"))

    lines = play(world, HOOKED)
    assert "held before traffic: acceptance: 500 (1 of 2 failed checks)" in lines[1]
    assert "[call pre-rollout] calling pre-rollout hooks again" in lines[2]
    assert "acceptance: 500 (2 of 2 failed checks)" in lines[-1]
    assert not any("shift" in line for line in lines)


def test_a_failing_rollout_hook_is_a_failed_check() -> None:
    def world(state: State, seen: Seen) -> Seen:
        outcome = Outcome.FAILED if state.weight_percent else Outcome.PASSED
        return replace(healthy(state, seen), hooks=hook(outcome, "load: 502"))

    assert "at 10 %: load: 502 (2 of 2 failed checks)" in last(world, HOOKED)
