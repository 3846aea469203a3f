"""Fisher's noncentral hypergeometric distribution, against an independent oracle and itself."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp, fsum, isclose, isfinite, log

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import nchypergeom_fisher

from canary.core.contingency import Table

ODDS = (0.5, 1.0, 1.5, 1.875, 30.0, 600.0)


def table(canary: int, canary_bad: int, primary: int, primary_bad: int) -> Table:
    return Table(canary=canary, canary_bad=canary_bad, primary=primary, primary_bad=primary_bad)


def dealt(canary: int, primary: int, bad: int) -> list[Table]:
    """Every table with these sums."""
    low, high = max(0, bad - primary), min(bad, canary)
    return [table(canary, j, primary, bad - j) for j in range(low, high + 1)]


def exact(one: Table, odds: Fraction) -> Fraction:
    terms = {
        t.canary_bad: comb(t.canary, t.canary_bad)
        * comb(t.primary, t.primary_bad)
        * odds**t.canary_bad
        for t in dealt(one.canary, one.primary, one.bad)
    }
    return terms[one.canary_bad] / sum(terms.values(), Fraction(0))


@pytest.mark.parametrize("odds", ODDS)
@pytest.mark.parametrize(("canary", "primary"), [(1, 1), (1, 19), (5, 95), (40, 40), (30, 3)])
def test_small_tables_equal_the_exact_fractions(canary: int, primary: int, odds: float) -> None:
    for bad in range(1, canary + primary):
        for one in dealt(canary, primary, bad):
            wanted = exact(one, Fraction(odds))
            assert isclose(exp(one.log_chance(odds)), float(wanted), rel_tol=1e-11)


@pytest.mark.parametrize("odds", ODDS)
@pytest.mark.parametrize(
    ("canary", "primary", "bad"), [(5, 95, 3), (96, 1912, 31), (500, 9500, 120), (3000, 3000, 900)]
)
def test_it_agrees_with_scipy(canary: int, primary: int, bad: int, odds: float) -> None:
    oracle = nchypergeom_fisher(canary + primary, bad, canary, odds)
    for one in dealt(canary, primary, bad)[:: max(1, bad // 40)]:
        wanted = float(oracle.pmf(one.canary_bad))
        if wanted > 1e-12:
            assert isclose(exp(one.log_chance(odds)), wanted, rel_tol=1e-8), one


@pytest.mark.parametrize("odds", ODDS)
def test_the_chances_of_all_tables_make_one(odds: float) -> None:
    for canary, primary, bad in ((7, 13, 6), (400, 600, 500), (20, 100_000, 3000)):
        total = fsum(exp(one.log_chance(odds)) for one in dealt(canary, primary, bad))
        assert isclose(total, 1.0, rel_tol=1e-10)


def test_a_billion_requests_neither_overflow_nor_lose_digits() -> None:
    """Around the mode the chances of neighbours follow from their ratio, and sum to one."""
    canary, primary = 10**8, 9 * 10**8
    near = [table(canary, j, primary, 10_000 - j) for j in range(700, 1301)]  # ten deviations
    assert isclose(fsum(exp(one.log_chance(1.0)) for one in near), 1.0, rel_tol=1e-9)
    bad, mean = 10**6, 10**5
    ratio = (canary - mean) * (bad - mean) / ((mean + 1) * (primary - bad + mean + 1))
    mode, after = (table(canary, j, primary, bad - j) for j in (mean, mean + 1))
    assert isclose(after.log_chance(1.0) - mode.log_chance(1.0), log(ratio), abs_tol=1e-8)


@given(
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.integers(1, 5000),
    st.sampled_from(ODDS),
    st.floats(0, 1),
)
def test_every_chance_is_a_chance(
    canary: int, primary: int, bad: int, odds: float, where: float
) -> None:
    low, high = max(0, bad - primary), min(bad, canary)
    assume(low < high)
    j = low + round(where * (high - low))
    one = table(canary, j, primary, bad - j)
    assert one.tells
    assert isfinite(one.log_chance(odds))
    assert one.log_chance(odds) <= 1e-9


@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.integers(1, 300),
    st.floats(0.01, 600),
    st.floats(0, 1),
)
def test_swapping_versions_or_good_and_bad_turns_the_odds_around(
    canary: int, primary: int, bad: int, odds: float, where: float
) -> None:
    low, high = max(0, bad - primary), min(bad, canary)
    assume(low < high)
    j = low + round(where * (high - low))
    one = table(canary, j, primary, bad - j)
    swapped = table(primary, bad - j, canary, j)
    inverted = table(canary, canary - j, primary, primary - bad + j)
    assert isclose(one.log_chance(odds), swapped.log_chance(1 / odds), abs_tol=1e-8)
    assert isclose(one.log_chance(odds), inverted.log_chance(1 / odds), abs_tol=1e-8)


def test_what_leaves_chance_no_choice_tells_nothing() -> None:
    silent = [table(0, 0, 9, 3), table(9, 3, 0, 0), table(4, 0, 9, 0), table(4, 4, 9, 9)]
    assert [one.tells for one in silent] == [False] * 4
    assert table(4, 4, 9, 0).tells
