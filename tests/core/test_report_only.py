"""Builtin checks that are only to report: counted and told like the others, and never decisive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core import bake
from canary.core.counts import Tally
from canary.core.evidence import Evidence
from canary.core.plan import Bad, Check, Terms
from canary.core.state import Seen, State
from canary.core.verdicts import Grade, judge
from tests.core.polls import ALPHA, after, opened, poll
from tests.core.timeline import CHECKS, PLAN, check, failing, last, tally, when, window

COUNTED, TIMED = (replace(check, report_only=True) for check in CHECKS)
TOLD = replace(PLAN, checks=(COUNTED, CHECKS[1]), weights=(10,))
ALONE = replace(PLAN, checks=(COUNTED, TIMED), weights=(10,))
PRIMARY = tally(1912)


@pytest.mark.parametrize(
    ("told", "canary", "primary", "text"),
    [
        (
            COUNTED,
            tally(96),
            PRIMARY,
            (
                "request-success-rate 100 % of 96 requests (min 99 %); primary 100 % of 1,912 "
                "(not judged)"
            ),
        ),
        (
            COUNTED,
            tally(96, failed=31),
            PRIMARY,
            (
                "request-success-rate 67.7 % of 96 requests (min 99 %); primary 100 % of 1,912 "
                "(breached, not judged)"
            ),
        ),
        (
            COUNTED,
            tally(4),
            PRIMARY,
            "request-success-rate: only 4 of 5 canary requests seen (not judged)",
        ),
        (
            COUNTED,
            tally(96, failed=31),
            tally(1912, failed=900),
            (
                "request-success-rate: primary breaches too: request-success-rate 67.7 % of 96 "
                "requests (min 99 %); primary 52.9 % of 1,912 (not judged)"
            ),
        ),
        (
            TIMED,
            tally(96, slow=90),
            PRIMARY,
            (
                "request-duration P99 over 500 ms, 90 of 96 requests slower than 500 ms (max 1 %); "
                "primary P99 495 ms (breached, not judged)"
            ),
        ),
    ],
)
def test_it_tells_what_a_judged_one_would(
    told: Check, canary: Tally, primary: Tally, text: str
) -> None:
    counted = window(canary, primary, seconds=10.0)
    verdict = judge(told, counted, min_requests=5)
    usual = judge(replace(told, report_only=False), counted, min_requests=5)
    assert (verdict.grade, verdict.text) == (Grade.REPORTED, text)
    assert (verdict.value, verdict.bound, verdict.n) == (usual.value, usual.bound, usual.n)


def test_a_version_that_fails_all_requests_is_promoted_where_that_is_only_reported() -> None:
    check(
        failing,
        """
          0.0 Progressing  10 [shift] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Promoting   100 [shift] 100 % to the canary, promoting: 0.0 % of 20 requests succeeded (primary 100 % of 180) (not judged), P99 495 ms (primary 495 ms)
         10.2 Soaking     100 [open-window, persist] 100 % is live on every replica
         20.2 Succeeded   100 [settle] promoted: 0.0 % of 200 requests succeeded (not judged), P99 495 ms
        """,  # noqa: E501 - a transcript
        TOLD,
    )


def test_a_judged_check_beside_it_counts_as_ever() -> None:
    def slow(state: State, seen: Seen) -> Seen:
        seen = failing(state, seen)
        if seen.window is None:
            return seen
        requests = seen.window.canary.requests
        late = tally(requests, failed=requests, slow=requests)
        return replace(seen, window=replace(seen.window, canary=late))

    end = last(slow, TOLD)
    assert "Failed" in end
    assert "request-duration" in end
    assert "request-success-rate" not in end


def test_neither_too_few_requests_nor_stale_samples_hold_a_run_for_its_sake() -> None:
    few = when(
        lambda state, _: state.baked_from_s is not None,
        window=window(tally(1), tally(9), seconds=1.0),
        fresh=False,
    )
    assert "Succeeded" in last(few, ALONE)
    assert "inconclusive" in last(few, TOLD)


def test_where_all_is_only_reported_nothing_is_said_to_warm_up() -> None:
    state = replace(
        State(began_s=0.0, entered_s=0.0), weight_percent=10, baked_from_s=1.0, traffic_from_s=1.0
    )
    seen = failing(state, Seen(now_s=11.0))
    end = bake.conclude(state, seen, replace(ALONE, checks=(TIMED,), warm_up_s=5.0))
    assert (end.grade, end.text) == (Grade.PASS, "no checks")


FAILED = poll({"200": 40, "500": 60}, {"200": 900})
LATE = poll({"200": 100}, {"200": 900}, slow=(90, 0))
LOST = poll({"404": 100}, {"200": 900})


def gathered(*checks: Check, terms: Terms | None = None) -> Evidence:
    return opened(terms, replace(PLAN, checks=checks))


def test_evidence_leaves_out_what_is_only_reported() -> None:
    assert after(FAILED, evidence=gathered(*CHECKS)).breach(ALPHA)
    told = gathered(COUNTED, CHECKS[1])
    assert [charge.bad for charge in told.charges] == [Bad.CLIENT_ERROR, Bad.SLOW]
    assert after(*[FAILED] * 20, evidence=told).breach(ALPHA) == ""
    assert "(4xx)" in after(LOST, evidence=told).breach(ALPHA)
    assert "500 ms" in after(LATE, evidence=told).breach(ALPHA)


def test_slowness_that_is_only_reported_is_no_evidence_either() -> None:
    told = gathered(CHECKS[0], TIMED)
    assert after(*[LATE] * 20, evidence=told).breach(ALPHA) == ""
    assert "(5xx)" in after(FAILED, evidence=told).breach(ALPHA)


def test_where_only_bounds_count_one_that_is_only_reported_does_not() -> None:
    bounds = Terms(exchangeable=False)
    assert after(FAILED, evidence=gathered(CHECKS[0], terms=bounds)).breach(ALPHA)
    assert after(*[FAILED] * 20, evidence=gathered(COUNTED, terms=bounds)).breach(ALPHA) == ""


def test_where_everything_is_only_reported_there_is_no_evidence() -> None:
    told = gathered(COUNTED, TIMED, terms=Terms(classes=(Bad.SERVER_ERROR, Bad.SLOW)))
    assert told.charges == ()
    assert after(FAILED, LATE, evidence=told).breach(ALPHA) == ""
