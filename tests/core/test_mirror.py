"""Copies of requests before the first weight: judged like a weight, and seen by nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.plan import Gate
from canary.core.record import Phase
from canary.core.retreat import KEPT
from canary.core.seen import HookResult, HookType, Live, Outcome
from tests.core.timeline import NONE, PLAN, READY, check, failing, healthy, last, play, when

MIRRORED = replace(PLAN, mirror_percent=100)


def test_copies_are_judged_before_the_first_weight() -> None:
    check(
        healthy,
        """
          0.0 Progressing   0 [shift] 100 % mirrored to the canary: it is ready
          0.1 Progressing   0 [open-window] 100 % mirrored is live on every replica
         10.1 Progressing  10 [shift] 10 % to the canary: 100 % of 200 requests succeeded (primary 100 % of 200)
         10.2 Progressing  10 [open-window] 10 % is live on every replica
         20.2 Progressing  50 [shift] 50 % to the canary: 100 % of 20 requests succeeded (primary 100 % of 180)
         20.3 Progressing  50 [open-window] 50 % is live on every replica
         30.3 Promoting   100 [shift] 100 % to the canary, promoting: 100 % of 100 requests succeeded (primary 100 % of 100)
         30.4 Soaking     100 [open-window, persist] 100 % is live on every replica
         40.4 Succeeded   100 [settle] promoted: 100 % of 200 requests succeeded
        """,  # noqa: E501 - a transcript
        replace(MIRRORED, checks=PLAN.checks[:1]),
    )


def test_copies_come_before_iterations_too() -> None:
    """Blue/green whose first requests are those of users, whom its answers do not reach."""
    lines = play(healthy, replace(MIRRORED, weights=(0, 0), checks=PLAN.checks[:1]))
    shifts = [line for line in lines if "[shift]" in line]
    told = ("100 % mirrored to", "iteration 1 of 2", "iteration 2 of 2", "100 % to the canary")
    assert [part in line for part, line in zip(told, shifts, strict=True)] == [True] * 4
    assert "Succeeded" in lines[-1]
    spoilt = play(failing, replace(MIRRORED, weights=(0, 0)))
    assert not any("iteration" in line for line in spoilt)


def test_a_version_that_fails_copies_never_gets_a_request() -> None:
    lines = play(failing, MIRRORED)
    assert {line[18:21] for line in lines} == {"  0"}
    assert "held at 100 % mirrored: request-success-rate 0.0 % of 200 requests" in lines[2]
    assert "[restore] roll back: at 100 % mirrored: request-success-rate 0.0 %" in lines[3]
    assert "2 of 2 failed checks" in lines[3]
    assert lines[4].startswith(" 20.2 Failed        0 [close, stop-canary]")


def test_pods_that_are_lost_over_copies_end_the_run_at_once() -> None:
    lost = when(lambda state, _: state.mirror_percent > 0, canary=NONE)
    assert "at 100 % mirrored: no pod of the canary is ready" in last(lost, MIRRORED)


@pytest.mark.parametrize("foreign", ["", "weights were changed by kubectl"])
def test_over_a_dead_primary_copies_end_unless_somebody_changed_the_weights(foreign: str) -> None:
    """To end them moves no traffic; to undo what somebody changed, perhaps to help, would."""
    dead = replace(READY, ready=0)
    world = when(
        lambda state, _: state.mirror_percent > 0 or state.phase is Phase.ROLLING_BACK,
        primary=dead,
        stop="" if foreign else "the update was interrupted",
        foreign=foreign,
        live=Live(confirmed=False),
    )
    lines = play(world, replace(MIRRORED, max_duration_s=100.0), looks=20_000)
    restores = [line for line in lines if "[restore]" in line]
    assert bool(restores) is not bool(foreign)
    assert lines[-1].split()[1] == "Failed"
    assert (KEPT if foreign else "not confirmed by Traefik") in lines[-1]


def test_an_exit_over_copies_is_counted_with_those_after_them() -> None:
    once = when(lambda state, _: state.mirror_percent > 0, canary=replace(READY, exits=1))
    assert "promoted" in last(once, MIRRORED)
    twice = when(
        lambda state, seen: state.weight_percent == 10 and seen.window is not None,
        canary=replace(READY, exits=2),
    )
    assert "containers of the canary exited 2 times" in last(twice, MIRRORED)


def test_the_gate_before_traffic_is_asked_after_the_copies() -> None:
    kind = HookType.CONFIRM_TRAFFIC_INCREASE
    plan = replace(MIRRORED, hooks=frozenset({kind.value}), gates={kind: Gate(timeout_s=5.0)})
    refused = {kind: HookResult(outcome=Outcome.FAILED, text="hook: 403")}
    lines = play(when(lambda *_: True, hooks=refused), plan)
    assert "100 % mirrored to the canary" in lines[0]
    assert "held at 100 % mirrored: waiting for confirm-traffic-increase" in "\n".join(lines)
    assert {line[18:21] for line in lines} == {"  0"}
    assert "at 100 % mirrored: confirm-traffic-increase was not approved" in lines[-1]


def test_a_plan_without_analysis_has_no_copies() -> None:
    assert replace(MIRRORED, skip_analysis=True).shortest_s == 0
    assert MIRRORED.shortest_s == PLAN.shortest_s + 10
