"""The canary's pods: as many as the next weight needs are asked for, and ready before it rises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest

from canary.core.plan import Gate, OnTimeout
from canary.core.record import Phase
from canary.core.seen import HookResult, HookType, Outcome, Pods
from canary.core.size import Size
from canary.core.state import Course, Seen, State
from canary.core.transitions import decide
from tests.core.timeline import NONE, PLAN, World, check, failing, healthy, last, play

FOUR = replace(PLAN, weights=(10, 25, 50), replicas=4, proportional=True, progress_deadline_s=30.0)
START = State(began_s=0.0, entered_s=0.0, size=Size(full=4, asked=1))
OLD = Pods(wanted=4, existing=4, ready=4)


def cluster(
    start_s: float = 2.0, *, most: int = 99, world: World = healthy, primary: Pods = OLD
) -> World:
    """A world in which pods that are asked for are there in the next look, ready after a while.

    There is room for `most`.
    """
    asked: list[tuple[float, int]] = [(-inf, 1)]

    def seen_in(state: State, seen: Seen) -> Seen:
        if state.size.asked > asked[-1][1]:
            asked.append((seen.now_s, state.size.asked))
        wanted = asked[-1][1]
        ready = max(count for at_s, count in asked if seen.now_s >= at_s + start_s)
        ready = min(most, ready)
        trouble = "" if ready == wanted else "unschedulable"
        pods = Pods(wanted=wanted, existing=wanted, ready=ready, trouble=trouble)
        return replace(world(state, seen), canary=pods, primary=primary)

    return seen_in


def at(weight: int, **size: float) -> State:
    """Baking at this weight."""
    return replace(
        START,
        phase=Phase.PROGRESSING,
        step=0,
        weight_percent=weight,
        baked_from_s=0.0,
        traffic_from_s=0.0,
        size=replace(START.size, present=1, **size),  # type: ignore[arg-type]
    )


def test_pods_are_asked_for_while_the_weight_before_is_judged() -> None:
    check(
        cluster(),
        """
          0.0 Progressing  10 [shift, scale] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Progressing  25 [shift, scale] 25 % to the canary: 100 % of 20 requests succeeded (primary 100 % of 180)
         10.2 Progressing  25 [open-window] 25 % is live on every replica
         20.2 Progressing  50 [shift, scale] 50 % to the canary: 100 % of 50 requests succeeded (primary 100 % of 150)
         20.3 Progressing  50 [open-window] 50 % is live on every replica
         30.3 Promoting   100 [shift] 100 % to the canary, promoting: 100 % of 100 requests succeeded (primary 100 % of 100)
         30.4 Soaking     100 [open-window, persist] 100 % is live on every replica
         40.4 Succeeded   100 [settle] promoted: 100 % of 200 requests succeeded
        """,  # noqa: E501 - a transcript
        replace(FOUR, checks=PLAN.checks[:1]),
        START,
    )


def test_a_weight_waits_for_its_pods_and_the_one_before_is_judged_meanwhile() -> None:
    check(
        cluster(14.0),
        """
          0.0 Progressing  10 [shift, scale] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Progressing  10 [open-window] held at 10 %: waiting for the pods for 25 %: 1 of 2 pods ready: unschedulable
         14.2 Progressing  25 [shift, scale] 25 % to the canary: its pods are ready
         14.3 Progressing  25 [open-window] 25 % is live on every replica
         24.3 Progressing  25 [open-window] held at 25 %: waiting for the pods for 50 %: 2 of 3 pods ready: unschedulable
         28.4 Progressing  50 [shift, scale] 50 % to the canary: its pods are ready
         28.5 Progressing  50 [open-window] 50 % is live on every replica
         38.5 Progressing  50 [open-window] held at 50 %: waiting for the pods for 100 %: 3 of 4 pods ready: unschedulable
         42.6 Promoting   100 [shift] 100 % to the canary, promoting: its pods are ready
         42.7 Soaking     100 [open-window, persist] 100 % is live on every replica
         52.7 Succeeded   100 [settle] promoted: 100 % of 200 requests succeeded
        """,  # noqa: E501 - a transcript
        replace(FOUR, checks=PLAN.checks[:1]),
        START,
    )


def test_a_version_that_fails_while_pods_are_awaited_is_rolled_back() -> None:
    """That its last bake had passed does not count any more."""

    def world(state: State, seen: Seen) -> Seen:
        return (failing if seen.now_s > 12.0 else healthy)(state, seen)

    lines = play(cluster(most=1, world=world), replace(FOUR, progress_deadline_s=60.0), START)
    assert [line[6:].split("]")[0] for line in lines] == [
        *("Progressing  10 [shift, scale", "Progressing  10 [open-window"),
        *("Progressing  10 [open-window", "Progressing  10 [open-window"),
        *("RollingBack   0 [restore", "Failed        0 [close, stop-canary"),
    ]
    assert "2 of 2 failed checks" in lines[-1]


def test_pods_that_never_become_ready_end_the_run_at_the_deadline() -> None:
    lines = play(cluster(most=1), FOUR, START)
    late = "at 10 %: the pods for 25 % were not ready within 30 s: 1 of 2 pods ready: unschedulable"
    assert lines[-2:] == [
        f" 40.4 RollingBack   0 [restore] roll back: {late}",
        f" 40.5 Failed        0 [close, stop-canary] {late}",
    ]


def test_the_threshold_says_how_many_of_them_must_be_ready() -> None:
    lines = play(cluster(most=2), replace(FOUR, canary_ready_percent=50), START)
    assert "promoted" in lines[-1]
    assert not any("held" in line for line in lines)


def test_with_full_scaling_there_are_all_pods_before_the_first_request() -> None:
    full = replace(FOUR, proportional=False)
    begun = replace(START, size=Size(full=4, asked=4))
    lines = play(cluster(most=3), full, begun)
    (end,) = lines
    assert "Failed        0 [close, stop-canary] not ready within 30 s: 3 of 4 pods ready" in end


@pytest.mark.parametrize("early", [0.0, 5.0, 20.0])
def test_an_operators_promotion_waits_for_all_pods_and_is_judged_meanwhile(early: float) -> None:
    def world(state: State, seen: Seen) -> Seen:
        asked = not state.hurried and seen.now_s >= early
        return replace(healthy(state, seen), order="promote" if asked else "")

    lines = play(cluster(14.0, world=world), FOUR, START)
    moved = [line for line in lines if "[shift" in line]
    assert moved[-1].endswith("[shift] 100 % to the canary, promoting: promoted by somebody")
    late = float(moved[-1].split()[0])
    assert early + 14.0 <= late <= early + 16.0
    assert "promoted" in lines[-1]


def test_what_an_operator_promotes_is_rolled_back_where_its_pods_do_not_come() -> None:
    start = replace(START, hurried="")

    def world(state: State, seen: Seen) -> Seen:
        asked = not state.hurried and seen.now_s >= 5.0
        return replace(healthy(state, seen), order="promote" if asked else "")

    text = last(cluster(most=2, world=world), FOUR, start)
    assert "at 10 %: the pods for 100 % were not ready within 30 s: 2 of 4 pods ready" in text


def test_a_promotion_that_waits_is_suspended_like_anything_else() -> None:
    orders = iter((*[""] * 20, "promote", "suspend"))

    def world(state: State, seen: Seen) -> Seen:
        order = next(orders, "resume" if seen.now_s > 60.0 and state.suspended else "")
        return replace(healthy(state, seen), order=order)

    lines = play(cluster(14.0, world=world), FOUR, START)
    moved = [line for line in lines if "[shift" in line]
    assert [line.split()[2] for line in moved] == ["10", "100"]
    assert float(moved[-1].split()[0]) > 60.0


def test_where_the_primary_is_dead_nobody_waits_for_more_pods() -> None:
    def world(state: State, seen: Seen) -> Seen:
        asked = not state.hurried and seen.now_s >= 5.0
        return replace(healthy(state, seen), order="promote" if asked else "")

    lines = play(cluster(most=1, world=world, primary=NONE), FOUR, START)
    assert lines[0].startswith("  0.0 Promoting   100 [shift, scale] 100 % to the canary, prom")
    state = replace(at(10), hurried="somebody")
    one = Pods(wanted=4, existing=4, ready=1)
    decision = decide(state, Seen(now_s=8.0, canary=one, primary=NONE), FOUR)
    assert decision.state.weight_percent == 100


def test_gates_come_first_and_keep_what_they_said() -> None:
    gate = HookType.CONFIRM_TRAFFIC_INCREASE
    gated = replace(
        FOUR,
        hooks=frozenset({gate.value}),
        gates={gate: Gate(timeout_s=1000.0, then=OnTimeout.FAIL)},
    )

    def world(state: State, seen: Seen) -> Seen:
        passed = HookResult(outcome=Outcome.PASSED)
        return replace(healthy(state, seen), hooks={gate: passed})

    lines = play(cluster(14.0, world=world), gated, START)
    waiting = [line for line in lines if "waiting" in line]
    assert "waiting for confirm-traffic-increase" in waiting[0]
    assert "waiting for the pods for 25 %" in waiting[1]
    assert sum("call confirm-traffic-increase" in line for line in lines) == 4
    assert "promoted" in lines[-1]


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({"mirror_percent": 50}, {0: 3, 10: 1, 25: 2, 50: 3, 100: 4}),
        ({"weights": (0, 0), "previewed": True}, {0: 1, 100: 4}),
        ({"weights": (0, 0)}, {0: 4, 100: 4}),
        ({"weights": (20, 60, 80)}, {20: 2, 60: 4, 80: 4, 100: 4}),
        ({"weights": (10,), "proportional": False}, {10: 4, 100: 4}),
    ],
)
def test_every_strategy_has_full_size_before_it_gets_everything(
    changes: dict[str, object], sizes: dict[int, int]
) -> None:
    """What each weight needs, and that so many pods were ready when it was written."""
    needed: dict[int, int] = {}

    def world(state: State, seen: Seen) -> Seen:
        if state.has_requests and state.baked_from_s is None:
            needed[state.weight_percent] = state.size.present
        return healthy(state, seen)

    def ready(state: State, seen: Seen) -> Seen:
        seen = begun(state, seen)
        assert seen.canary is not None
        assert not state.has_requests or seen.canary.ready >= state.size.present
        return seen

    begun = cluster(12.0, world=world)
    assert "promoted" in last(ready, replace(FOUR, **changes), START)  # type: ignore[arg-type]
    assert needed == sizes


def test_a_version_that_needs_no_analysis_has_all_pods_first() -> None:
    direct = replace(START, course=Course.DIRECT)
    lines = play(cluster(), FOUR, direct)
    assert lines[0] == "  0.0 Preparing     0 [scale] preparing: 1 of 4 pods ready"
    assert lines[1].startswith("  2.5 Promoting   100 [shift] 100 % to the canary, promoting: it s")


def test_a_canary_that_grows_and_loses_its_ready_pod_is_rolled_back() -> None:
    lost = Pods(wanted=2, existing=2, ready=0, settling=1, trouble="exited")

    def world(state: State, seen: Seen) -> Seen:
        return replace(healthy(state, seen), canary=lost) if seen.now_s > 3.0 else seen

    begun: Callable[[State, Seen], Seen] = cluster()

    def both(state: State, seen: Seen) -> Seen:
        return world(state, begun(state, seen))

    assert "at 10 %: no pod of the canary is ready: exited" in last(both, FOUR, START)


def test_a_gap_between_iterations_is_waited_for_like_any_other() -> None:
    plan = replace(FOUR, weights=(0, 0), previewed=False)
    state = replace(
        at(0), exposed=True, iterations=2, size=Size(full=4, present=4, asked=4, awaited_s=1.0)
    )
    three = Pods(wanted=4, existing=4, ready=3)
    decision = decide(state, Seen(now_s=2.0, canary=three, primary=OLD), plan)
    assert decision.reason == (
        "held at iteration 1 of 2: waiting for the pods for the next iteration: 3 of 4 pods ready"
    )
