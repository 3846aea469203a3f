"""Tallies and windows: what is counted, and what is left out."""

from __future__ import annotations

from math import inf

import pytest

from canary.core.samples import Poll, Tally, Window
from tests.core.tables import cut, read, table

MIXED = Tally(requests=1000, codes={"200": 900, "404": 40, "429": 10, "500": 30, "503": 20})
TIMED = Tally(requests=100, edges=((0.1, 50), (0.5, 90), (1.0, 98), (inf, 100)))

BAKE = table("""
    scrape               0    5   10   15
    a reload             1    1    2    2
    a primary 200      100  120  150  190
    a canary 200         -    2    5    9
    a canary 500         -    -    1    1
    a canary 200 <0.1    -    1    3    5
    a canary 200 <0.5    -    2    5    8
    a canary 200 <inf    -    2    5    9
    a canary 500 <0.1    -    -    1    1
    a canary 500 <0.5    -    -    1    1
    a canary 500 <inf    -    -    1    1
    a fallback 200       -    -    1    1
    a fallback 200 <inf  -    -    1    1
    b reload             -    7    7    8
    b primary 200        -   50   60   75
""")


def test_failures_are_5xx_and_client_errors_4xx() -> None:
    assert (MIXED.failed, MIXED.client_errors) == (50, 50)
    assert MIXED.success_percent == 95.0
    assert Tally().success_percent is None


@pytest.mark.parametrize(
    ("edge_s", "slower"), [(0.1, 50), (0.5, 10), (0.7, 10), (1.0, 2), (0.05, 100), (60.0, 2)]
)
def test_slower_than_an_edge_and_between_two_the_lower_one(edge_s: float, slower: int) -> None:
    assert TIMED.slower_than(edge_s) == slower


def test_nothing_is_slow_without_requests() -> None:
    assert Tally().slower_than(0.5) == 0
    assert Tally().timed == 0


@pytest.mark.parametrize(
    ("q", "ms"), [(0.25, 50.0), (0.5, 100.0), (0.7, 300.0), (0.94, 750.0), (0.98, 1000.0)]
)
def test_quantiles_are_interpolated_inside_their_bucket(q: float, ms: float) -> None:
    assert TIMED.quantile_ms(q) == pytest.approx(ms)


def test_a_quantile_beyond_the_last_edge_is_that_edge() -> None:
    assert TIMED.quantile_ms(0.99) == 1000.0
    assert Tally(edges=((inf, 7),)).quantile_ms(0.5) == 0.0


def test_no_quantile_without_data() -> None:
    assert Tally().quantile_ms(0.99) is None
    assert Tally(edges=((0.5, 0), (inf, 0))).quantile_ms(0.99) is None


def test_a_bucket_that_stays_empty_keeps_its_edge_so_that_slow_is_not_interpolated_from_zero() -> (
    None
):
    slow = table("""
        scrape              0    5
        a reload            1    1
        a canary 200 <0.5   0    0
        a canary 200 <1     0    4
        a canary 200 <inf   0    4
    """)
    (poll,) = read(slow)
    canary = Window.opened(0).add(poll).canary
    assert canary.quantile_ms(0.5) == 750.0


def test_a_window_counts_what_happened_wholly_inside_it() -> None:
    (poll,) = read(BAKE)
    window = Window.opened(0).add(poll)
    assert window.canary == Tally(
        requests=10, codes={"200": 9, "500": 1}, edges=((0.1, 6), (0.5, 9), (inf, 10))
    )
    assert window.primary.requests == 90 + 25
    assert (window.fallback_requests, window.reloads) == (1, 2)
    assert window.targets == {"a", "b"}
    assert (window.since_s, window.until_s, window.covers_s) == (0, 15, 15)


@pytest.mark.parametrize(("since_s", "canary"), [(0, 10), (0.1, 8), (5, 8), (5.1, 4), (10.1, 0)])
def test_an_increment_that_straddles_the_beginning_is_left_out(since_s: float, canary: int) -> None:
    (poll,) = read(BAKE)
    assert Window.opened(since_s).add(poll).canary.requests == canary


def test_a_window_grown_poll_by_poll_is_the_same_window() -> None:
    (whole,) = read(BAKE)
    grown = Window.opened(5)
    for poll in read(*(cut(BAKE, until - 10, until) for until in (0, 5, 10, 10, 15))):
        grown = grown.add(poll)
    assert grown == Window.opened(5).add(whole)


def test_a_poll_without_samples_and_one_from_the_past_move_nothing() -> None:
    opened = Window.opened(100)
    assert opened.add(Poll()) == opened
    assert opened.add(Poll(newest_s=90)) == opened
    assert opened.covers_s == 0


def test_the_mean_duration_is_an_upper_estimate() -> None:
    assert Tally().mean_s == 0.0
    assert TIMED.mean_s == pytest.approx((50 * 0.1 + 40 * 0.5 + 8 * 1.0 + 2 * 1.0) / 100)
