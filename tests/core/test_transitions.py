"""How a run goes: scripts of what is seen in, transcripts of what is decided out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from canary.core.plan import Plan
from canary.core.record import TERMINAL, Phase
from canary.core.seen import HookResult, HookType, Live, Outcome, Pods
from canary.core.state import Course, Seen, State
from canary.core.transitions import EDGES, decide
from tests.core.timeline import (
    BEGIN,
    PLAN,
    READY,
    World,
    check,
    failing,
    healthy,
    play,
    tally,
    window,
)

NONE = Pods(wanted=2, existing=2, ready=0)


def seeing(world: World = healthy, **changes: object) -> World:
    """The world, but with these things seen differently throughout."""
    return lambda state, seen: replace(world(state, seen), **changes)  # type: ignore[arg-type]


def when(condition: Callable[[State, Seen], bool], **changes: object) -> World:
    """A healthy world until the condition holds, then these things are seen."""

    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        return replace(usual, **changes) if condition(state, usual) else usual  # type: ignore[arg-type]

    return world


def last(world: World, plan: Plan = PLAN, start: State = BEGIN) -> str:
    return play(world, plan, start)[-1]


def test_a_good_version_is_promoted_step_by_step() -> None:
    check(
        healthy,
        """
          0.0 Progressing  10 [shift] the canary is ready: 10 % to the canary
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Progressing  50 [shift] request-success-rate 100 % of 20 requests (min 99 %); primary 100 % of 180: 50 % to the canary
         10.2 Progressing  50 [open-window] 50 % is live on every replica
         20.2 Promoting   100 [shift] request-success-rate 100 % of 100 requests (min 99 %); primary 100 % of 100: promote, 100 % to the canary
         20.3 Soaking     100 [open-window, persist] 100 % is live on every replica
         30.3 Succeeded   100 [settle] promoted: request-success-rate 100 % of 200 requests (min 99 %); no primary request
        """,  # noqa: E501 - a transcript
        replace(PLAN, checks=PLAN.checks[:1]),
    )


def test_a_failing_version_is_rolled_back_at_the_threshold() -> None:
    check(
        failing,
        """
          0.0 Progressing  10 [shift] the canary is ready: 10 % to the canary
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Progressing  10 [open-window] held at 10 %: request-success-rate 0.0 % of 20 requests (min 99 %); primary 100 % of 180 (1 of 2 failed checks)
         20.1 RollingBack   0 [restore] roll back: at 10 %: request-success-rate 0.0 % of 20 requests (min 99 %); primary 100 % of 180 (2 of 2 failed checks)
         20.2 Failed        0 [close, stop-canary] at 10 %: request-success-rate 0.0 % of 20 requests (min 99 %); primary 100 % of 180 (2 of 2 failed checks)
        """,  # noqa: E501 - a transcript
    )


def test_failed_checks_add_up_over_the_run() -> None:
    """One failure at 10 %, one at 50 %: together they reach the threshold."""
    bad_first = {10: 1, 50: 1}

    def world(state: State, seen: Seen) -> Seen:
        fails = state.failed_checks < (1 if state.weight_percent == 10 else 2)
        return (
            failing(state, seen)
            if fails and state.weight_percent in bad_first
            else healthy(state, seen)
        )

    lines = play(world)
    assert "held at 10 %" in lines[2]
    assert "at 50 %: " in lines[-1]
    assert lines[-1].endswith("(2 of 2 failed checks)")


def test_the_first_version_gets_everything_without_analysis() -> None:
    first = replace(BEGIN, course=Course.FIRST)
    (only,) = play(healthy, start=first)
    assert "[settle] first version is ready: it gets all traffic, without analysis" in only


def test_a_skipped_analysis_goes_to_100_percent_at_once() -> None:
    check(
        healthy,
        """
          0.0 Promoting   100 [shift] the analysis is skipped: promote, 100 % to the canary
          0.1 Soaking     100 [open-window, persist] 100 % is live on every replica
          0.2 Succeeded   100 [settle] promoted: live, not judged
        """,
        start=replace(BEGIN, course=Course.DIRECT),
    )


def test_a_dead_primary_is_fixed_forward() -> None:
    lines = play(seeing(primary=NONE))
    assert "the primary has no ready pod: promote, 100 % to the canary" in lines[0]
    assert "Succeeded" in lines[-1]


def test_a_version_that_never_gets_ready_fails_without_traffic() -> None:
    stuck = Pods(wanted=2, existing=2, ready=0, trouble="ImagePullBackOff: podinfo:nope")
    check(
        seeing(canary=stuck),
        """
         60.5 Failed        0 [close, stop-canary] not ready within 60 s: 0 of 2 pods ready: ImagePullBackOff: podinfo:nope
        """,  # noqa: E501 - a transcript
    )


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        (
            {"canary": replace(READY, exits=2, trouble="exit 1")},
            "at 10 %: containers of the canary exited 2 times: exit 1",
        ),
        ({"canary": NONE}, "at 10 %: no pod of the canary is ready"),
        ({"canary": replace(READY, ready=1)}, "at 10 %: 1 of 2 pods of the canary are ready"),
        (
            {"foreign": "weights were changed by kubectl-edit"},
            "at 10 %: weights were changed by kubectl-edit",
        ),
        ({"stop": "the update was interrupted"}, "the update was interrupted"),
    ],
)
def test_a_breach_rolls_back_at_once(changes: dict[str, object], cause: str) -> None:
    lines = play(when(lambda state, _: state.baked_from_s is not None, **changes), looks=40)
    assert "RollingBack   0 [restore] roll back: " in lines[-2]
    assert lines[-1].endswith(cause)


@pytest.mark.parametrize("weight", [50, 100])
def test_a_breach_rolls_back_from_every_weight(weight: int) -> None:
    lines = play(when(lambda state, _: state.weight_percent == weight, foreign="somebody"))
    assert lines[-1].endswith(f"at {weight} %: somebody")


def test_new_or_evicted_pods_hold_instead_of_breaching() -> None:
    disturbed = replace(NONE, disturbed=True, exits=5)
    world = when(lambda _, seen: 3 < seen.now_s < 30, canary=disturbed)
    assert "Succeeded" in last(world)


def test_lost_pods_on_both_sides_are_not_the_canarys_fault() -> None:
    """A node died: hold, and go on when the pods are back."""
    world = when(lambda _, seen: 3 < seen.now_s < 30, canary=NONE, primary=NONE)
    assert "Succeeded" in last(world)


def test_traffic_never_moves_to_a_primary_without_ready_pods() -> None:
    """Interrupted while only the canary serves: the weights stay, and the run ends saying so."""
    world = when(lambda state, _: state.weight_percent == 50, primary=NONE, stop="interrupted")
    lines = play(world)
    assert "RollingBack  50 [persist]" in lines[-2]
    assert lines[-1].endswith("interrupted; the weights stay, because the primary has no ready pod")


def test_a_stranded_canary_is_restored_when_the_primary_is_back() -> None:
    def world(state: State, seen: Seen) -> Seen:
        usual = when(lambda s, _: s.weight_percent == 50, foreign="somebody")(state, seen)
        return replace(usual, primary=NONE) if 10.05 < seen.now_s < 30 else usual

    lines = play(world)
    assert "the weights stay" in lines[-3]
    assert "RollingBack   0 [restore] restore: " in lines[-2]


def test_a_stranded_canary_is_left_when_the_run_has_lasted_too_long() -> None:
    world = when(lambda s, _: s.weight_percent == 50, foreign="somebody", primary=NONE)
    assert "the weights stay" in last(world, replace(PLAN, max_duration_s=120.0))


def test_no_traffic_holds_and_then_is_inconclusive() -> None:
    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        if usual.window is None:
            return usual
        return replace(usual, window=replace(usual.window, canary=tally(0), primary=tally(0)))

    assert "at 10 %: inconclusive for 30 s: no canary request seen (5 needed)" in last(world)
    promoted = play(world, replace(PLAN, promote_inconclusive=True))
    assert "onInconclusive is promote" in promoted[-1]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"canary": None}, "the API server does not answer"),
        (
            {"canary": replace(READY, ready=1, disturbed=True)},
            "1 of 2 pods of the canary are ready",
        ),
        ({"fresh": False, "metrics_error": "Prometheus timed out"}, "Prometheus timed out"),
        ({"fresh": False}, "no samples from Prometheus"),
        ({"window": None}, "no samples from Prometheus"),
        ({"window": window(tally(9), tally(9), seconds=1.0)}, "only 1 s of the 10 s"),
    ],
)
def test_what_cannot_be_judged_is_inconclusive(changes: dict[str, object], text: str) -> None:
    world = when(lambda s, seen: s.baked_from_s is not None and seen.now_s > 9, **changes)
    assert text in last(world)


def test_without_checks_readiness_alone_is_judged() -> None:
    plan = replace(PLAN, checks=())
    assert "Succeeded" in last(healthy, plan)
    world = when(lambda state, _: state.baked_from_s is not None, window=None, fresh=False)
    assert "no samples" in last(world, plan)


def test_a_hanging_canary_is_a_breach() -> None:
    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        return (
            usual
            if usual.window is None
            else replace(usual, window=replace(usual.window, canary=tally(1)))
        )

    assert "answered 1 of about" in last(world)


def test_a_slow_start_is_forgiven_while_warming_up() -> None:
    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        if usual.window is None or seen.now_s > 12:
            return usual
        requests = usual.window.canary.requests
        return replace(usual, window=replace(usual.window, canary=tally(requests, slow=requests)))

    assert "1 of 2 failed checks" in "".join(play(world))
    warm = play(world, replace(PLAN, warm_up_s=5.0))
    assert "failed checks" not in "".join(warm)


def test_a_weight_that_traefik_never_takes_rolls_back() -> None:
    world = when(lambda s, _: s.weight_percent > 0, live=Live(confirmed=False, text="pod a: 404"))
    lines = play(world)
    assert "10 % was not live within 30 s: pod a: 404" in lines[-2]
    assert lines[-1].endswith("pod a: 404")
    silent = play(when(lambda s, _: s.weight_percent == 50, live=Live(confirmed=False)))
    assert "Traefik does not confirm it" in silent[-2]


def test_an_unconfirmed_restore_says_so() -> None:
    world = when(
        lambda s, _: s.phase is not Phase.PROGRESSING, live=Live(confirmed=False, text="x")
    )

    def broken(state: State, seen: Seen) -> Seen:
        return replace(world(state, seen), foreign="somebody" if state.weight_percent else "")

    assert last(broken).endswith("; the restore is written, but not confirmed by Traefik: x")
    assert "stop-canary" not in last(broken), "some replica may still send requests to it"


def test_a_run_that_takes_too_long_rolls_back() -> None:
    assert "at 10 %: the run took longer than maxDuration (5 s)" in last(
        healthy, replace(PLAN, max_duration_s=5.0)
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
    assert "the canary is ready and pre-rollout passed: 10 %" in lines[1]
    assert sum("call rollout" in line for line in lines) == 3


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


def test_stopped_while_preparing_touches_no_traffic() -> None:
    (only,) = play(when(lambda _, __: True, stop="interrupted"))
    assert "[close, stop-canary]" in only


def test_traffic_that_somebody_else_moved_while_preparing_is_restored() -> None:
    def world(state: State, seen: Seen) -> Seen:
        foreign = "weights were changed" if state.phase is Phase.PREPARING else ""
        return replace(healthy(state, seen), foreign=foreign)

    lines = play(world)
    assert "RollingBack   0 [restore] roll back: weights were changed" in lines[0]
    assert "Failed        0 [close, stop-canary] weights were changed" in lines[1]


def test_traffic_that_somebody_else_moved_to_the_only_version_with_pods_stays_there() -> None:
    (only,) = play(seeing(primary=NONE, foreign="weights were changed"))
    assert "Failed        0 [-] weights were changed; the weights stay" in only


def test_an_unanswering_api_server_is_waited_for_while_preparing() -> None:
    assert "does not answer" in last(seeing(canary=None))


def test_the_table_of_edges_is_complete() -> None:
    assert set(EDGES) == set(Phase)
    assert {phase for phase, after in EDGES.items() if not after} == set(TERMINAL)


@pytest.mark.parametrize("phase", sorted(TERMINAL))
def test_nothing_follows_the_end(phase: Phase) -> None:
    with pytest.raises(AssertionError, match="no decision follows"):
        decide(replace(BEGIN, phase=phase), Seen(now_s=1.0), PLAN)
