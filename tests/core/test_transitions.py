"""How a run goes: scripts of what is seen in, transcripts of what is decided out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.record import TERMINAL, Phase
from canary.core.seen import Pods
from canary.core.state import Course, Seen, State
from canary.core.transitions import EDGES, decide
from tests.core.timeline import (
    BEGIN,
    NONE,
    PLAN,
    READY,
    check,
    failing,
    healthy,
    last,
    play,
    seeing,
    tally,
    when,
    window,
)


def test_a_good_version_is_promoted_step_by_step() -> None:
    check(
        healthy,
        """
          0.0 Progressing  10 [shift] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Progressing  50 [shift] 50 % to the canary: 100 % of 20 requests succeeded (primary 100 % of 180)
         10.2 Progressing  50 [open-window] 50 % is live on every replica
         20.2 Promoting   100 [shift] 100 % to the canary, promoting: 100 % of 100 requests succeeded (primary 100 % of 100)
         20.3 Soaking     100 [open-window, persist] 100 % is live on every replica
         30.3 Succeeded   100 [settle] promoted: 100 % of 200 requests succeeded
        """,  # noqa: E501 - a transcript
        replace(PLAN, checks=PLAN.checks[:1]),
    )


def test_a_failing_version_is_rolled_back_at_the_threshold() -> None:
    check(
        failing,
        """
          0.0 Progressing  10 [shift] 10 % to the canary: it is ready
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
          0.0 Promoting   100 [shift] 100 % to the canary, promoting: the analysis is skipped
          0.1 Soaking     100 [open-window, persist] 100 % is live on every replica
          0.2 Succeeded   100 [settle] promoted: live, not judged
        """,
        plan=replace(PLAN, skip_analysis=True),
        start=replace(BEGIN, course=Course.DIRECT),
    )


def test_a_version_that_served_lately_says_why_it_is_not_judged() -> None:
    lines = play(healthy, start=replace(BEGIN, course=Course.DIRECT))
    assert "100 % to the canary, promoting: it served not long ago" in lines[0]
    assert "Succeeded" in lines[-1]


def test_a_dead_primary_is_fixed_forward() -> None:
    lines = play(seeing(primary=NONE))
    assert "100 % to the canary, promoting: the primary has no ready pod" in lines[0]
    assert "Succeeded" in lines[-1]


def test_a_version_that_never_gets_ready_fails_without_traffic() -> None:
    stuck = Pods(wanted=2, existing=2, ready=0, trouble="ImagePullBackOff: podinfo:nope")
    check(
        seeing(canary=stuck),
        """
         60.5 Failed        0 [close, stop-canary] not ready within 60 s: 0 of 2 pods ready: ImagePullBackOff: podinfo:nope
        """,  # noqa: E501 - a transcript
    )


def test_no_traffic_holds_and_then_is_inconclusive() -> None:
    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        if usual.window is None:
            return usual
        return replace(usual, window=replace(usual.window, canary=tally(0), primary=tally(0)))

    assert "at 10 %: inconclusive for 30 s: no canary request seen (6 needed)" in last(world)
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


def test_an_unready_canary_is_not_promoted_though_the_analysis_is_skipped() -> None:
    """Between going live and settling its pods are away for a moment."""

    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        blink = state.phase is Phase.SOAKING and seen.now_s < 0.8
        return replace(usual, canary=NONE) if blink else usual

    lines = play(world, start=replace(BEGIN, course=Course.DIRECT))
    assert float(lines[-1].split()[0]) >= 0.8
    assert "Succeeded" in lines[-1]


def test_stopped_while_preparing_touches_no_traffic() -> None:
    (only,) = play(when(lambda _, __: True, stop="interrupted"))
    assert "[close, stop-canary]" in only


def test_an_unanswering_api_server_is_waited_for_while_preparing() -> None:
    assert "does not answer" in last(seeing(canary=None))


def test_the_table_of_edges_is_complete() -> None:
    assert set(EDGES) == set(Phase)
    assert {phase for phase, after in EDGES.items() if not after} == set(TERMINAL)


@pytest.mark.parametrize("phase", sorted(TERMINAL))
def test_nothing_follows_the_end(phase: Phase) -> None:
    with pytest.raises(AssertionError, match="no decision follows"):
        decide(replace(BEGIN, phase=phase), Seen(now_s=1.0), PLAN)


def test_a_primary_that_is_short_of_pods_is_waited_for() -> None:
    """It would be compared with, and has to take everything back."""
    half = Pods(wanted=2, existing=2, ready=1)
    world = when(lambda _, seen: seen.now_s < 5, primary=half)
    assert "  5.0 Progressing  10" in play(world)[0]
    lines = play(seeing(primary=half))
    assert "not ready within 60 s: the primary has 1 of 2 pods ready" in lines[-1]
    assert "Succeeded" in last(seeing(primary=half), replace(PLAN, primary_ready_percent=50))
