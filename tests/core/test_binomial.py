"""The binomial tail is exact, falls and rises as it must, and copes with a billion requests."""

from __future__ import annotations

from fractions import Fraction
from math import comb, erfc, exp, isclose, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.binomial import upper_tail

CHANCES = (Fraction(1, 1000), Fraction(1, 100), Fraction(1, 3), Fraction(1, 2), Fraction(99, 100))


def exact(k: int, n: int, p: Fraction) -> Fraction:
    terms = (comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(max(k, 0), n + 1))
    return sum(terms, Fraction(0))


@pytest.mark.parametrize("p", CHANCES)
@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 40, 150])
def test_it_equals_the_exact_sum_of_fractions(n: int, p: Fraction) -> None:
    for k in range(-1, n + 2):
        wanted = float(exact(k, n, p))
        assert isclose(upper_tail(k, n, float(p)), wanted, rel_tol=1e-9, abs_tol=1e-15)


@pytest.mark.parametrize(
    ("k", "n", "wanted"),
    [
        (1, 5, 0.04901),  # one of five is just beyond the 5 % that are put down to chance
        (1, 6, 0.05852),  # one of six is not
        (2, 96, 0.24945),
        (5, 200, 0.05175),
        (6, 200, 0.01602),
    ],
)
def test_known_values_at_a_bound_of_one_percent(k: int, n: int, wanted: float) -> None:
    assert isclose(upper_tail(k, n, 0.01), wanted, rel_tol=1e-3)


def test_a_third_of_failures_is_not_chance() -> None:
    assert 0.0 < upper_tail(31, 96, 0.01) < 1e-36


def test_a_billion_even_tries_are_even_but_for_the_middle() -> None:
    n = 10**9
    middle = sqrt(2 / (pi * n))  # Stirling; the next term is smaller by 4n
    assert isclose(upper_tail(n // 2 + 1, n, 0.5), 0.5 * (1 - middle), rel_tol=1e-12)


@pytest.mark.parametrize("p", [0.001, 0.01, 0.3])
@pytest.mark.parametrize("spread", [-3.0, -1.0, 0.0, 1.0, 2.0, 4.0])
def test_a_billion_tries_follow_the_normal_law_corrected_for_skew(p: float, spread: float) -> None:
    n, deviation = 10**9, sqrt(10**9 * p * (1 - p))
    k = round(n * p + spread * deviation)
    x = (k - 0.5 - n * p) / deviation
    skew = (1 - 2 * p) / deviation / 6 * (x * x - 1) * exp(-x * x / 2) / sqrt(2 * pi)
    assert isclose(upper_tail(k, n, p), erfc(x / sqrt(2)) / 2 + skew, rel_tol=1e-4)


def test_bounds_that_leave_nothing_to_chance() -> None:
    assert upper_tail(1, 10, 0.0) == 0.0
    assert upper_tail(0, 10, 0.0) == 1.0
    assert upper_tail(10, 10, 1.0) == 1.0
    assert upper_tail(11, 10, 1.0) == 0.0
    assert upper_tail(0, 0, 0.5) == 1.0


@given(
    st.integers(1, 10**9), st.floats(1e-6, 1 - 1e-6), st.floats(-9, 9), st.sampled_from((1, 100))
)
def test_it_falls_with_hits_and_rises_with_chance_and_tries(
    n: int, p: float, spread: float, more: int
) -> None:
    k = round(n * p + spread * (n * p * (1 - p)) ** 0.5)
    tail = upper_tail(k, n, p)
    assert 0.0 <= tail <= 1.0
    assert upper_tail(k + more, n, p) <= tail
    assert upper_tail(k, n + more, p) >= tail - 1e-12
    assert upper_tail(k, n, min(1.0, p * 1.01)) >= tail - 1e-12


@given(st.integers(1, 10**9), st.floats(0.01, 0.99))
def test_both_tails_make_one(n: int, p: float) -> None:
    k = round(n * p)
    assert isclose(upper_tail(k, n, p) + upper_tail(n - k + 1, n, 1.0 - p), 1.0, abs_tol=1e-9)
