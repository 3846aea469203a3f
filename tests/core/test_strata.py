"""What may be compared with what: one method, one scrape interval, every replica of Traefik."""

from __future__ import annotations

from math import inf

import pytest

from canary.core.contingency import Table
from canary.core.counts import Poll
from canary.core.plan import Bad
from canary.core.samples import Ledger
from canary.core.seen import Kind, Side
from canary.core.strata import strata_of
from tests.core.polls import EDGE_S, answered, joined, poll
from tests.core.tables import table

OK, BAD = {"200": 10}, {"200": 6, "500": 3, "404": 1}


def sizes(one: Poll, since_s: float = 0.0) -> list[tuple[int, int]]:
    """Requests of the canary and the primary, stratum by stratum."""
    return [(s.canary.requests, s.primary.requests) for s in strata_of(one, since_s)]


@pytest.mark.parametrize(
    ("bad", "canary", "primary"),
    [
        (Bad.SERVER_ERROR, (10, 3), (10, 0)),
        (Bad.CLIENT_ERROR, (10, 1), (10, 0)),
        (Bad.ERROR, (10, 4), (10, 0)),
        (Bad.SLOW, (10, 2), (10, 5)),
    ],
)
def test_what_is_bad(bad: Bad, canary: tuple[int, int], primary: tuple[int, int]) -> None:
    (one,) = strata_of(poll(BAD, OK, slow=(2, 5)), 0.0)
    assert one.table(bad, EDGE_S) == Table(
        canary=canary[0], canary_bad=canary[1], primary=primary[0], primary_bad=primary[1]
    )


def test_methods_are_apart() -> None:
    both = joined(
        answered(Side.CANARY, {"200": 1}),
        answered(Side.PRIMARY, {"200": 9}),
        answered(Side.PRIMARY, {"200": 4}, method="POST"),
        answered(Side.CANARY, {"201": 2}, method="POST"),
    )
    assert sizes(both) == [(1, 9), (2, 4)]


def test_replicas_of_traefik_are_together_though_scraped_at_other_moments() -> None:
    both = joined(
        answered(Side.CANARY, {"200": 1}, target="a", end_s=10.0),
        answered(Side.PRIMARY, {"200": 9}, target="a", end_s=10.0),
        answered(Side.PRIMARY, {"200": 8}, target="b", end_s=12.5),
        answered(Side.CANARY, {"200": 2}, target="b", end_s=12.5),
    )
    assert sizes(both) == [(3, 17)]


def test_a_poll_that_catches_up_is_several() -> None:
    late = joined(
        answered(Side.CANARY, {"200": 1}, end_s=10.0),
        answered(Side.CANARY, {"200": 2}, end_s=15.0),
        answered(Side.CANARY, {"200": 4}, target="b", end_s=13.0),
    )
    assert sizes(late) == [(1, 0), (6, 0)]


def test_the_time_before_the_canary_had_traffic_does_not_count() -> None:
    early = joined(
        answered(Side.PRIMARY, {"500": 50}, end_s=10.0),
        answered(Side.PRIMARY, {"200": 19}, end_s=15.0),
        answered(Side.CANARY, {"200": 1}, end_s=15.0),
    )
    assert sizes(early, since_s=11.0) == [(1, 19)], "the interval that straddles the moment counts"
    assert sizes(early, since_s=10.0) == [(1, 19)]


def test_replays_and_reloads_are_no_requests_of_either() -> None:
    samples = table("""
        scrape              0    5
        a reload            1    2
        a fallback 200      -    3
        a primary 200       9   18
        a canary 500        -    1
    """)
    _, counted = Ledger().advance(samples)
    assert sizes(counted) == [(1, 9)]


@pytest.mark.parametrize(
    ("raised_s", "inflation"),
    [
        (0.0, 5 / 4.5),  # answers take half a second: of five, the canary's first is missing
        (4.0, 2.0),
        (4.5, inf),  # failures at once, and no time for a single answer
        (-0.25, 5 / 4.75),  # raised before, with some answers still outstanding
        (-0.5, 1.0),
        (9.0, 1.0),  # not raised yet
    ],
)
def test_right_after_a_raise_quick_failures_seem_more_frequent(
    raised_s: float, inflation: float
) -> None:
    (one,) = strata_of(poll({"500": 1}, {"200": 10}), 0.0)
    assert one.inflation(raised_s) == pytest.approx(inflation)


def test_nothing_counted_is_nothing_to_compare() -> None:
    assert strata_of(Poll(), 0.0) == ()
    buckets = [one for one in answered(Side.CANARY, OK) if one.kind is Kind.BUCKET]
    (one,) = strata_of(joined(buckets), -inf)
    assert one.table(Bad.SERVER_ERROR, EDGE_S).canary == 0
    assert one.table(Bad.SLOW, EDGE_S).canary == 10
