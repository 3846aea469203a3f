"""Bakes without a shift: users stay, until one switch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core import texts
from canary.core.plan import Gate
from canary.core.record import Phase, Record
from canary.core.retreat import KEPT
from canary.core.seen import HookResult, HookType, Live, Outcome
from canary.core.state import Decision, Seen
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
    when,
)

ITERATED = replace(PLAN, weights=(0, 0))


def test_every_iteration_is_judged_and_then_there_is_one_switch() -> None:
    check(
        healthy,
        """
          0.0 Progressing   0 [shift] iteration 1 of 2: it is ready
          0.1 Progressing   0 [open-window] iteration 1 of 2 is live on every replica
         10.1 Progressing   0 [shift] iteration 2 of 2: 100 % of 200 requests succeeded (primary 100 % of 200)
         10.2 Progressing   0 [open-window] iteration 2 of 2 is live on every replica
         20.2 Promoting   100 [shift] 100 % to the canary, promoting: 100 % of 200 requests succeeded (primary 100 % of 200)
         20.3 Soaking     100 [open-window, persist] 100 % is live on every replica
         30.3 Succeeded   100 [settle] promoted: 100 % of 200 requests succeeded
        """,  # noqa: E501 - a transcript
        replace(ITERATED, checks=PLAN.checks[:1]),
    )


def test_a_version_that_fails_them_is_restored_in_one_step_and_numbers_say_why() -> None:
    lines = play(failing, ITERATED)
    assert {line[18:21] for line in lines} == {"  0"}
    assert "held at iteration 1 of 2: request-success-rate 0.0 % of 200 requests" in lines[2]
    assert "[restore] roll back: at iteration 1 of 2: request-success-rate 0.0 %" in lines[3]
    assert lines[4].startswith(" 20.2 Failed        0 [close, stop-canary]")


def test_pods_that_are_lost_end_the_run_at_once() -> None:
    lost = when(lambda state, _: state.iteration > 0, canary=NONE)
    assert "at iteration 1 of 2: no pod of the canary is ready" in last(lost, ITERATED)


def test_only_the_switch_raises_traffic() -> None:
    kind = HookType.CONFIRM_TRAFFIC_INCREASE
    plan = replace(ITERATED, hooks=frozenset({kind.value}), gates={kind: Gate(timeout_s=5.0)})
    refused = {kind: HookResult(outcome=Outcome.FAILED, text="hook: 403")}
    lines = play(seeing(hooks=refused), plan)
    assert "at iteration 2 of 2: confirm-traffic-increase was not approved" in lines[-1]
    assert sum("call confirm-traffic-increase" in line for line in lines[:3]) == 0


@pytest.mark.parametrize("foreign", ["", "weights were changed by kubectl"])
def test_who_was_picked_stays_while_only_the_canary_has_pods(foreign: str) -> None:
    dead = replace(READY, ready=0)
    world = when(
        lambda state, _: state.iteration > 0 or state.phase is Phase.ROLLING_BACK,
        primary=dead,
        stop="" if foreign else "the update was interrupted",
        foreign=foreign,
    )
    lines = play(world, replace(ITERATED, max_duration_s=100.0), looks=20_000)
    assert not [line for line in lines if "[restore]" in line]
    assert lines[-1].split()[1] == "Failed"
    assert KEPT in lines[-1]


def test_acceptance_waits_until_traefik_leads_to_the_canary() -> None:
    plan = replace(ITERATED, previewed=True)
    exposed = replace(BEGIN, exposed=True)
    begun = [line for line in play(healthy, plan, exposed) if "iteration 1" in line]
    assert begun[0].split()[1] == "Progressing"
    away = seeing(live=Live(confirmed=False, text="no server up"))
    text = last(away, plan, exposed)
    assert "not ready within 60 s: Traefik does not route to it: no server up" in text
    assert "not confirmed" in last(seeing(live=Live(confirmed=False)), plan, exposed)


def test_the_progress_line_says_which_iteration_it_is() -> None:
    state = replace(BEGIN, phase=Phase.PROGRESSING, exposed=True, step=1, iterations=5)
    state = replace(state, baked_from_s=0.0)
    seen = healthy(state, Seen(now_s=4.0))
    text = texts.progress(state, Decision(state=state, reason="baking"), seen, ITERATED)
    assert text.startswith("iteration 2 of 5 · canary 80 requests")


def test_the_record_tells_whom_picked_requests_reach() -> None:
    record = Record(owner="me", primary="old", canary="new")
    assert record.picked == "old"
    assert replace(record, exposed=True).picked == "new"
    assert replace(record, weight_percent=100).picked == "new"
    assert replace(record, canary="", exposed=True).picked == "old"
    assert Record.from_json(replace(record, exposed=True).to_json()).exposed
