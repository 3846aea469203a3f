"""A fresh copy of the primary beside the canary: as many requests, and what is compared with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.record import BASELINE, Phase, Record
from canary.core.retreat import KEPT
from canary.core.seen import Live, Pods
from canary.core.state import Course, Seen, State
from tests.core.timeline import (
    BEGIN,
    NONE,
    PLAN,
    READY,
    check,
    healthy,
    last,
    play,
    seeing,
    tally,
)

WITH = replace(PLAN, baseline=True)
START = replace(BEGIN, baseline=True)
OLD, NEW = "aaaaaaaaaa", "bbbbbbbbbb"


def both(state: State, seen: Seen) -> Seen:
    """A healthy world whose copy of the primary is ready, and gets what the canary gets."""
    seen = replace(healthy(state, seen), baseline=READY)
    if seen.window is None:
        return seen
    sent = round(20 * seen.window.covers_s) * state.baseline_percent // 100
    return replace(seen, window=replace(seen.window, primary=tally(sent), beside="baseline"))


@pytest.mark.parametrize(
    ("weight", "members"),
    [
        (0, {OLD: 100}),
        (10, {OLD: 80, NEW: 10, BASELINE: 10}),
        (50, {NEW: 50, BASELINE: 50}),
        (80, {NEW: 80, BASELINE: 20}),
        (100, {NEW: 100}),
    ],
)
def test_it_gets_what_the_canary_gets_while_so_much_is_left(
    weight: int, members: dict[str, int]
) -> None:
    record = Record(owner="me", primary=OLD, canary=NEW, weight_percent=weight, baseline=True)
    assert dict(record.members) == members
    assert Record.from_json(record.to_json()) == record
    assert BASELINE not in dict(replace(record, baseline=False).members)


def test_the_canary_is_compared_with_it_and_it_goes_when_the_run_is_over() -> None:
    check(
        both,
        """
          0.0 Progressing  10 [shift] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Progressing  50 [shift] 50 % to the canary: 100 % of 20 requests succeeded (baseline 100 % of 20)
         10.2 Progressing  50 [open-window] 50 % is live on every replica
         20.2 Promoting   100 [shift] 100 % to the canary, promoting: 100 % of 100 requests succeeded (baseline 100 % of 100)
         20.3 Soaking     100 [open-window, persist] 100 % is live on every replica
         30.3 Succeeded   100 [settle, drop-baseline] promoted: 100 % of 200 requests succeeded
        """,  # noqa: E501 - a transcript
        replace(WITH, checks=PLAN.checks[:1]),
        START,
    )


def test_no_request_comes_before_it_is_ready() -> None:
    starting = Pods(wanted=2, existing=2, ready=1, trouble="ImagePullBackOff: podinfo:1")
    lines = play(seeing(both, baseline=starting), WITH, START)
    assert len(lines) == 1
    assert "[close, drop-baseline, stop-canary] not ready within 60 s: " in lines[0]
    assert lines[0].endswith("the baseline has 1 of 2 pods ready: ImagePullBackOff: podinfo:1")


def test_a_primary_that_is_dead_is_not_copied_first() -> None:
    lines = play(seeing(both, primary=NONE, baseline=NONE), WITH, START)
    assert "100 % to the canary, promoting: the primary has no ready pod" in lines[0]
    assert "[settle, drop-baseline]" in lines[-1]


def test_a_version_that_needs_no_analysis_waits_for_none() -> None:
    direct = replace(START, course=Course.DIRECT)
    assert "promoted" in last(seeing(both, baseline=NONE), WITH, direct)


def test_requests_leave_a_baseline_without_pods_at_once() -> None:
    """Nothing shields those who get it."""
    dead = replace(NONE, trouble="evicted", disturbed=True)

    def world(state: State, seen: Seen) -> Seen:
        return replace(both(state, seen), baseline=dead if seen.now_s > 5 else READY)

    lines = play(world, WITH, START)
    assert lines[2].startswith("  5.2 RollingBack   0 [restore] roll back: at 10 %: no pod of the")
    assert lines[2].endswith("no pod of the baseline is ready: evicted")
    assert "Failed        0 [close, drop-baseline, stop-canary]" in lines[3]


def test_over_a_dead_primary_it_keeps_what_it_has() -> None:
    """It runs what the primary runs, and alone serves: nothing may take its requests away."""

    def world(state: State, seen: Seen) -> Seen:
        seen = both(state, seen)
        if seen.now_s < 5:
            return seen
        return replace(seen, canary=NONE, primary=NONE, stop="the update was interrupted")

    lines = play(world, WITH, START)
    assert KEPT in lines[-1]
    assert not any("restore" in line or "drop-baseline" in line for line in lines)


@pytest.mark.parametrize("baseline", [NONE, None])
def test_what_has_no_requests_keeps_none(baseline: Pods | None) -> None:
    """Of three versions without pods the primary is the one to go back to."""

    def world(state: State, seen: Seen) -> Seen:
        seen = both(state, seen)
        if seen.now_s < 5 or state.phase is Phase.ROLLING_BACK:
            return replace(seen, live=Live(confirmed=True))
        gone = replace(seen, canary=NONE, primary=NONE, baseline=baseline)
        return replace(gone, stop="the update was interrupted")

    assert "[restore]" in play(world, WITH, START)[2]


def test_a_canary_that_hangs_is_seen_by_the_baselines_answers() -> None:
    def world(state: State, seen: Seen) -> Seen:
        seen = both(state, seen)
        return seen if seen.window is None else _hanging(seen)

    assert "at 10 %: answered 0 of about 10 requests sent" in last(world, WITH, START)


def _hanging(seen: Seen) -> Seen:
    assert seen.window is not None
    return replace(seen, window=replace(seen.window, canary=tally(0)))


def test_what_fails_on_both_is_not_held_against_the_canary() -> None:
    def world(state: State, seen: Seen) -> Seen:
        seen = both(state, seen)
        if seen.window is None:
            return seen
        bad = tally(seen.window.canary.requests, failed=seen.window.canary.requests)
        return replace(seen, window=replace(seen.window, canary=bad, primary=bad))

    assert "inconclusive for 30 s: baseline breaches too: request-s" in last(world, WITH, START)
