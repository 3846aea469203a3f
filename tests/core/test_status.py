"""Which answers are failures, where it is not 5xx alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.counts import Tally, Window
from canary.core.plan import Bad, Check, CheckName, Terms
from canary.core.status import SERVER_ERRORS, Ranges, status_text, within
from canary.core.verdicts import Grade, judge
from tests.core.polls import ALPHA, of_one, opened, poll
from tests.core.timeline import PLAN

LIMITED: Ranges = ((429, 429), (500, 599))
CODES = {"200": 90, "404": 3, "429": 5, "503": 2}


@pytest.mark.parametrize(
    ("ranges", "failed", "client_errors"),
    [(SERVER_ERRORS, 2, 8), (LIMITED, 7, 3), (((400, 499),), 8, 0), (((500, 502),), 0, 8)],
)
def test_every_answer_is_a_failure_a_clients_error_or_neither(
    ranges: Ranges, failed: int, client_errors: int
) -> None:
    tally = Tally(requests=100, codes=CODES, bad_status=ranges)
    assert (tally.failed, tally.client_errors) == (failed, client_errors)


def test_a_check_judges_by_what_is_configured() -> None:
    check = Check(name=CheckName.SUCCESS_RATE, bound=99.0)
    limited = poll({"200": 60, "429": 40}, {"200": 900})
    usual = Window.opened(0).add(limited)
    assert judge(check, usual, min_requests=6).grade is Grade.PASS
    strict = Window.opened(0, bad_status=LIMITED).add(limited)
    verdict = judge(check, strict, min_requests=6)
    assert verdict.grade is Grade.FAIL
    assert "60.0 % of 100 requests (min 99 %); primary 100 % of 900" in verdict.text


def test_evidence_counts_and_names_what_is_configured() -> None:
    terms = Terms(classes=(Bad.SERVER_ERROR,))
    plan = replace(PLAN, evidence=terms, bad_status=LIMITED)
    limited = poll({"200": 30, "429": 30}, {"200": 900})
    evidence = opened(terms, plan).advance(limited)
    assert of_one(evidence, Bad.SERVER_ERROR).canary_bad == 30
    assert "30 of 60 canary requests failed (429 or 5xx)" in evidence.breach(ALPHA)
    assert opened(terms).advance(limited).breach(ALPHA) == ""


@pytest.mark.parametrize(
    ("ranges", "text"),
    [
        (SERVER_ERRORS, "5xx"),
        (LIMITED, "429 or 5xx"),
        (((400, 499),), "4xx"),
        (((500, 502), (504, 504)), "500-502 or 504"),
    ],
)
def test_statuses_are_told_in_short(ranges: Ranges, text: str) -> None:
    assert status_text(ranges) == text


def test_what_is_no_code_is_no_failure() -> None:
    assert not within("", SERVER_ERRORS)
    assert not within("5xx", SERVER_ERRORS)
