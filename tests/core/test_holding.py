"""When a run counts as alive, and when its own driver has to take it for dead."""

from __future__ import annotations

import pytest

from canary.core.holding import LEASE_S, UNSEEN_S, Sign, Vouch, refusal, renewed
from canary.core.record import Phase, Record

THEN, LATER, NONE = Sign(beat="12:00:00"), Sign(beat="12:00:02"), Sign()


@pytest.mark.parametrize(
    ("before", "now", "alive"),
    [
        (THEN, LATER, True),
        (NONE, THEN, True),
        (THEN, THEN, False),
        (NONE, NONE, False),
        (THEN, NONE, False),  # not vouched for any more, or the Lease is gone
    ],
)
def test_a_run_is_alive_when_its_sign_changes(before: Sign, now: Sign, *, alive: bool) -> None:
    assert renewed(before, now) is alive


def test_a_second_driver_is_told_who_holds_the_run_and_since_when() -> None:
    record = Record(owner="me", run="dev-1", phase=Phase.PREPARING)
    held = Sign(beat="x", holder="process 7 on build", since="2026-01-01T00:00:00Z")
    assert refusal(record, held) == (
        "run dev-1 is under way: process 7 on build has held it since 2026-01-01T00:00:00Z and is "
        "alive; nothing was touched"
    )
    assert "another driver has held it since an unknown time" in refusal(record, NONE)


def test_a_run_lapses_by_its_own_clock_not_later_than_by_anybody_elses() -> None:
    vouch = Vouch(looked_s=100.0, confirmed_s=100.0)
    assert not vouch.at(100.0 + LEASE_S - 0.1).lapsed
    assert vouch.at(100.0 + LEASE_S).lapsed


def test_what_has_lapsed_stays_so_however_late_a_renewal_gets_through() -> None:
    late = Vouch(looked_s=100.0, confirmed_s=160.0, lapsed=True)
    assert late.at(160.0).lapsed
    assert not late.deserved(160.0)


def test_nobody_vouches_for_a_loop_that_does_not_look() -> None:
    vouch = Vouch(looked_s=100.0, confirmed_s=100.0 + UNSEEN_S)
    assert vouch.deserved(100.0 + UNSEEN_S)
    assert not vouch.deserved(100.1 + UNSEEN_S)
