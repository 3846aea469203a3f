"""Stakes of evidence: fair bets, rising with what speaks against the canary, and exact."""

from __future__ import annotations

from itertools import pairwise, permutations
from math import comb, exp, fsum, inf, isclose, log, log1p

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from canary.core.contingency import Table
from canary.core.evidence import WORSE, Charge, log_excess, log_mean
from canary.core.plan import Bad
from tests.core.polls import ALPHA, after, of_one, poll


def charged(bad: Bad = Bad.SERVER_ERROR, allowed: float = 0.0) -> Charge:
    return Charge(bad=bad, compared=True, allowed=allowed)


def dealt(canary: int, primary: int, bad: int) -> list[Table]:
    low, high = max(0, bad - primary), min(bad, canary)
    return [
        Table(canary=canary, canary_bad=j, primary=primary, primary_bad=bad - j)
        for j in range(low, high + 1)
    ]


# A fair bet: whatever is true within the claim, the stake is not expected to grow.


@pytest.mark.parametrize("truth", [0.2, 1.0, 1.3, 1.5])
@pytest.mark.parametrize(("canary", "primary"), [(1, 1), (1, 9), (5, 12), (9, 4), (14, 14)])
def test_no_stake_grows_in_the_mean_while_the_canary_is_tolerable(
    canary: int, primary: int, truth: float
) -> None:
    for bad in range(1, canary + primary):
        tables = dealt(canary, primary, bad)
        weights = [comb(canary, t.canary_bad) * comb(primary, t.primary_bad) for t in tables]
        chances = [w * truth**t.canary_bad for w, t in zip(weights, tables, strict=True)]
        after = [charged().add(table, 1.5).logs for table in tables]
        for index in range(len(WORSE)):
            mean = fsum(
                chance * exp(logs[index]) for chance, logs in zip(chances, after, strict=True)
            ) / fsum(chances)
            assert mean <= 1.0 + 1e-12
            assert truth < 1.5 or isclose(mean, 1.0, rel_tol=1e-10), "nothing is given away"


@pytest.mark.parametrize("truth", [1.6, 3.0, 40.0])
def test_the_whole_stake_grows_when_the_canary_is_worse(truth: float) -> None:
    tables = dealt(8, 60, 6)
    weights = [comb(8, t.canary_bad) * comb(60, t.primary_bad) for t in tables]
    chances = [w * truth**t.canary_bad for w, t in zip(weights, tables, strict=True)]
    stakes = [charged().add(table, 1.5).logs[0] for table in tables]
    mean = fsum(c * exp(s) for c, s in zip(chances, stakes, strict=True)) / fsum(chances)
    assert mean > 1.0


@pytest.mark.parametrize("allowed", [0.001, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("n", [1, 2, 7, 40, 130])
def test_the_stake_against_a_bound_is_fair_at_it_and_shrinks_below(n: int, allowed: float) -> None:
    assert log_excess(0, n, allowed) <= 0.0
    for truth in (allowed / 7, allowed / 2, allowed):
        mean = fsum(
            comb(n, k) * exp(k * log(truth) + (n - k) * log1p(-truth) + log_excess(k, n, allowed))
            for k in range(n + 1)
        )
        assert mean <= 1.0 + 1e-10
        assert truth < allowed or isclose(mean, 1.0, rel_tol=1e-10)


@pytest.mark.parametrize(("bad", "n", "allowed"), [(0, 5, 0.01), (2, 9, 0.1), (31, 96, 0.01)])
def test_the_stake_against_a_bound_is_the_integral_it_claims_to_be(
    bad: int, n: int, allowed: float
) -> None:
    def ratio(p: float) -> float:
        return float((p / allowed) ** bad * ((1 - p) / (1 - allowed)) ** (n - bad))

    area = quad(ratio, allowed, 1.0, limit=200, epsabs=0.0)[0]
    assert isclose(exp(log_excess(bad, n, allowed)), area / (1 - allowed), rel_tol=1e-7)


def test_far_below_its_bound_a_canary_has_nothing_against_it() -> None:
    assert log_excess(0, 10**9, 0.01) == -inf
    assert log_excess(9_000_000, 10**9, 0.01) < -100


# More of the bad ones on the canary never speaks for it.


@given(st.integers(1, 60), st.integers(1, 600), st.integers(1, 200))
def test_it_rises_with_the_canarys_part_of_the_bad(canary: int, primary: int, bad: int) -> None:
    stakes = [charged().add(t, 1.5).log_worse for t in dealt(canary, primary, bad)]
    assert stakes == sorted(stakes)


@given(st.integers(1, 3000), st.floats(0.001, 0.5))
def test_against_a_bound_it_rises_with_the_bad(n: int, allowed: float) -> None:
    stakes = [log_excess(k, n, allowed) for k in range(0, n + 1, max(1, n // 50))]
    assert all(low <= high + 1e-9 for low, high in pairwise(stakes))


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=3, max_size=3))
def test_the_order_of_polls_does_not_matter(errors: list[tuple[int, int]]) -> None:
    polls = [poll({"200": 5, "500": c}, {"200": 90, "500": p}) for c, p in errors]
    ends = [after(*order) for order in permutations(polls)]
    for bad in Bad:
        stakes = [of_one(end, bad).log_worse for end in ends]
        assert max(stakes) - min(stakes) < 1e-9


# Numbers that must not move by accident: computed with scipy, by pmf and by quadrature.


@pytest.mark.parametrize(
    ("canary", "primary", "worse", "beyond"),
    [
        ({"200": 5}, {"200": 95}, 0.0, -1.791759469),
        ({"500": 2}, {"200": 38}, 4.168481403, 7.428729234),
        ({"500": 3}, {"200": 57}, 7.141381191, 11.746120332),
        ({"200": 85, "500": 11}, {"200": 1900}, 27.137186152, 14.142844908),
        ({"200": 95, "500": 1}, {"200": 1900, "500": 12}, -0.512841926, -4.155452548),
    ],
)
def test_golden(
    canary: dict[str, int], primary: dict[str, int], worse: float, beyond: float
) -> None:
    evidence = after(poll(canary, primary))
    assert evidence.log_worse == pytest.approx(worse, abs=1e-8)
    assert evidence.log_beyond == pytest.approx(beyond, abs=1e-8)


def test_a_billion_requests_are_no_trouble() -> None:
    many = {"200": 99 * 10**7, "500": 10**7}
    twice = {"200": 98 * 10**7, "500": 2 * 10**7}
    evidence = after(poll(many, {code: 9 * n for code, n in many.items()}))
    assert evidence.breach(ALPHA) == ""
    worse = poll(twice, {code: 9 * n for code, n in many.items()})
    assert "20,000,000 of 1,000,000,000 canary requests" in after(worse).breach(ALPHA)


def test_the_mean_of_logarithms_needs_no_large_numbers() -> None:
    assert log_mean([]) == -inf
    assert log_mean([-inf, -inf]) == -inf
    assert isclose(log_mean([0.0, -inf]), log(0.5))
    assert isclose(log_mean([5000.0, 5000.0, 0.0]), 5000.0 + log(2 / 3))
