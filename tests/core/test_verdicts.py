"""Verdicts: what is judged, what is left to chance, what is not known, and how it reads."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.plan import Check, CheckName
from canary.core.samples import Tally, Window
from canary.core.verdicts import Grade, judge, judge_all

SUCCESS = Check(name=CheckName.SUCCESS_RATE, bound=99.0)
DURATION = Check(name=CheckName.DURATION, bound=500.0, edge_s=0.5)


def served(good: int, failed: int = 0, client_errors: int = 0) -> Tally:
    codes = {"200": good, "404": client_errors, "503": failed}
    return Tally(requests=sum(codes.values()), codes=codes)


def timed(quick: int, slow: int = 0, endless: int = 0) -> Tally:
    """Requests of up to 10 ms, of 1 to 2 s, and beyond the last edge."""
    counts = (quick, quick, quick, quick + slow, quick + slow + endless)
    edges = tuple(zip((0.01, 0.5, 1.0, 2.0, inf), counts, strict=True))
    return Tally(requests=counts[-1], codes={"200": counts[-1]}, edges=edges)


def bake(canary: Tally, primary: Tally | None = None) -> Window:
    opened = replace(Window.opened(100.0), until_s=110.0)
    return replace(opened, canary=canary, primary=primary or Tally())


HEALTHY = served(1912)


@pytest.mark.parametrize(
    ("canary", "primary", "grade", "text"),
    [
        (served(96), HEALTHY, "pass", "100 % of 96 requests (min 99 %); primary 100 % of 1,912"),
        (
            served(65, 31),
            HEALTHY,
            "fail",
            "67.7 % of 96 requests (min 99 %); primary 100 % of 1,912",
        ),
        (
            served(94, 2),
            HEALTHY,
            "pass",
            "97.9 % of 96 requests (min 99 %), within chance; primary 100 % of 1,912",
        ),
        (
            served(2499, 1),
            served(1999, 1),
            "pass",
            "99.9 % of 2,500 requests (min 99 %); primary 99.9 % of 2,000",
        ),
        (served(0, 40), Tally(), "fail", "0.0 % of 40 requests (min 99 %); no primary request"),
        (
            served(989_600, 10_400),
            HEALTHY,
            "fail",
            "98.9 % of 1,000,000 requests (min 99 %); primary 100 % of 1,912",
        ),
        (
            served(50, 0, 46),
            HEALTHY,
            "pass",  # a client's mistake is not the version's: that is for the evidence to tell
            "100 % of 96 requests (min 99 %); primary 100 % of 1,912",
        ),
    ],
)
def test_success_rate(canary: Tally, primary: Tally, grade: str, text: str) -> None:
    verdict = judge(SUCCESS, bake(canary, primary), min_requests=5)
    assert (verdict.grade, verdict.text) == (grade, f"request-success-rate {text}")
    assert (verdict.check, verdict.bound, verdict.n) == (SUCCESS.name, 99.0, canary.requests)
    assert verdict.value == canary.success_percent


@pytest.mark.parametrize(
    ("canary", "primary", "grade", "text"),
    [
        (
            timed(96),
            timed(1912),
            "pass",
            "P99 10 ms, 0 of 96 requests slower than 500 ms (max 1 %); primary P99 10 ms",
        ),
        (
            timed(3, 93),
            timed(1912),
            "fail",
            "P99 1,990 ms, 93 of 96 requests slower than 500 ms (max 1 %); primary P99 10 ms",
        ),
        (
            timed(94, 2),
            timed(1912),
            "pass",
            (
                "P99 1,520 ms, 2 of 96 requests slower than 500 ms (max 1 %), within chance;"
                " primary P99 10 ms"
            ),
        ),
        (
            timed(3, 0, 93),
            Tally(),
            "fail",
            "P99 over 2,000 ms, 93 of 96 requests slower than 500 ms (max 1 %); no primary request",
        ),
    ],
)
def test_duration(canary: Tally, primary: Tally, grade: str, text: str) -> None:
    verdict = judge(DURATION, bake(canary, primary), min_requests=5)
    assert (verdict.grade, verdict.text) == (grade, f"request-duration {text}")
    assert (verdict.check, verdict.bound, verdict.n) == (DURATION.name, 500.0, canary.timed)
    assert verdict.value == canary.quantile_ms(0.99)


def test_a_bound_off_an_edge_names_both() -> None:
    check = replace(DURATION, bound=1400.0, edge_s=1.0)
    verdict = judge(check, bake(timed(3, 93)), min_requests=5)
    assert "slower than 1,000 ms (max 1 %; the bound is 1,400 ms)" in verdict.text


def test_a_fine_bound_is_told_with_its_own_decimals() -> None:
    check = replace(SUCCESS, bound=99.95)
    verdict = judge(check, bake(served(99_940, 60)), min_requests=5)
    assert verdict.text.startswith("request-success-rate 99.94 % of 100,000 requests (min 99.95 %)")


@pytest.mark.parametrize(
    ("canary", "grade"),
    [
        (served(4), "unknown"),
        (served(0, 4), "unknown"),
        (served(5), "pass"),
        (served(4, 1), "fail"),
    ],
)
def test_too_few_requests_are_no_verdict(canary: Tally, grade: str) -> None:
    assert judge(SUCCESS, bake(canary, HEALTHY), min_requests=5).grade == grade


def test_unknown_says_what_is_missing() -> None:
    def text(window: Window, min_requests: int = 5) -> str:
        verdict = judge(SUCCESS, window, min_requests=min_requests)
        assert verdict.grade is Grade.UNKNOWN
        return verdict.text

    assert text(Window.opened(100.0)) == "no samples from Prometheus"
    assert text(bake(Tally(), HEALTHY)) == "no canary request seen (5 needed)"
    assert text(bake(Tally(), HEALTHY), min_requests=0) == "no canary request seen (1 needed)"
    assert text(bake(served(3), HEALTHY)) == "only 3 of 5 canary requests seen"
    assert text(bake(served(900), HEALTHY), 2000) == "only 900 of 2,000 canary requests seen"


def test_a_primary_that_breaches_too_makes_a_failure_inconclusive() -> None:
    verdict = judge(SUCCESS, bake(served(65, 31), served(900, 100)), min_requests=5)
    assert verdict.grade is Grade.UNKNOWN
    assert verdict.text == (
        "primary breaches too: request-success-rate 67.7 % of 96 requests (min 99 %);"
        " primary 90.0 % of 1,000"
    )


def test_a_canary_that_keeps_its_bound_passes_although_the_primary_does_not() -> None:
    assert judge(SUCCESS, bake(served(96), served(900, 100)), min_requests=5).grade is Grade.PASS


@pytest.mark.parametrize("primary", [served(98, 2), served(0, 4), served(1)])
def test_a_primary_within_chance_or_hardly_seen_excuses_nothing(primary: Tally) -> None:
    assert judge(SUCCESS, bake(served(65, 31), primary), min_requests=5).grade is Grade.FAIL


def test_strict_reads_the_bound_literally() -> None:
    strict = replace(SUCCESS, strict=True)
    assert judge(strict, bake(served(94, 2), HEALTHY), min_requests=5).grade is Grade.FAIL
    assert judge(strict, bake(served(99, 1), HEALTHY), min_requests=5).grade is Grade.PASS
    assert judge(SUCCESS, bake(served(94, 2), HEALTHY), min_requests=5).grade is Grade.PASS


@pytest.mark.parametrize("bound", [99.9, 99.7, 98.6, 97.1, 99.99, 50.0])
def test_exactly_at_the_bound_is_not_exceeded(bound: float) -> None:
    check = Check(name=CheckName.SUCCESS_RATE, bound=bound, strict=True)
    for thousands in (10, 70, 1230):
        failed = round(thousands * 1000 * (100 - bound) / 100)
        good = thousands * 1000 - failed
        assert judge(check, bake(served(good, failed)), min_requests=5).grade is Grade.PASS
        assert judge(check, bake(served(good, failed + 1)), min_requests=5).grade is Grade.FAIL


def test_a_bound_of_all_leaves_nothing_to_chance() -> None:
    check = replace(SUCCESS, bound=100.0)
    assert judge(check, bake(served(10_000, 1)), min_requests=5).grade is Grade.FAIL


def test_all_checks_are_judged_and_durations_wait_for_the_warm_up() -> None:
    window = bake(timed(3, 93), timed(1912))
    verdicts = judge_all((SUCCESS, DURATION), window, min_requests=5)
    assert [(v.check, v.grade) for v in verdicts] == [
        ("request-success-rate", Grade.PASS),
        ("request-duration", Grade.FAIL),
    ]
    warming = judge_all((SUCCESS, DURATION), window, min_requests=5, warming=True)
    assert warming == verdicts[:1]


@given(st.integers(0, 400), st.integers(0, 400), st.floats(50.0, 100.0), st.booleans())
def test_one_more_failure_never_helps(good: int, failed: int, bound: float, strict: bool) -> None:  # noqa: FBT001
    check = Check(name=CheckName.SUCCESS_RATE, bound=bound, strict=strict)
    window = bake(served(good + 1, failed))
    worse = bake(served(good, failed + 1))
    first, second = (judge(check, w, min_requests=1).grade for w in (window, worse))
    assert (first, second) != (Grade.FAIL, Grade.PASS)


@given(st.integers(1, 10**7), st.data())
def test_a_text_never_rounds_a_failure_away(n: int, data: st.DataObject) -> None:
    failed = data.draw(st.integers(1, n))
    verdict = judge(SUCCESS, bake(served(n - failed, failed)), min_requests=1)
    shown = float(verdict.text.split()[1])
    assert shown <= 100.0 * (n - failed) / n < 100.0
    assert (shown < SUCCESS.bound) == (100 * (n - failed) < 99 * n)
