"""A canary that answers next to nothing: what was sent is told by what the primary answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core.samples import Window
from canary.core.verdicts import hanging
from tests.core.test_verdicts import bake, served
from tests.core.timeline import PLAN, last, seeing, tally
from tests.core.timeline import window as counted


def split(primary: int, canary: int, reloads: int = 0, targets: int = 1) -> Window:
    names = frozenset(f"t{i}" for i in range(targets))
    window = bake(served(canary), served(primary))
    return replace(window, reloads=reloads, targets=names)


@pytest.mark.parametrize(
    ("window", "weight_percent", "text"),
    [
        (split(780, 1), 5, "answered 1 of about 40 requests sent"),
        (split(780, 13), 5, "answered 13 of about 40 requests sent"),
        (split(780, 14), 5, ""),  # a third
        (split(780, 41), 5, ""),
        (split(200, 0), 5, ""),  # 10.5 were due, and one split may lack one
        (split(210, 0), 5, "answered 0 of about 10 requests sent"),
        (split(780, 1, reloads=20), 5, "answered 1 of about 20 requests sent"),
        (split(780, 1, reloads=35), 5, ""),  # reloads alone explain it
        (split(780, 1, targets=11), 5, "answered 1 of about 30 requests sent"),
        (split(5, 3), 90, "answered 3 of about 36 requests sent"),
        (split(5, 3, reloads=4), 90, ""),
        (split(100, 0), 50, "answered 0 of about 99 requests sent"),
        (split(0, 0), 50, ""),
        (split(900_000, 10), 1, "answered 10 of about 9,090 requests sent"),
    ],
)
def test_a_canary_that_hardly_answers_hangs(window: Window, weight_percent: int, text: str) -> None:
    assert hanging(window, weight_percent) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.0, ""), (5.0, ""), (60.0, "answered 0 of about")])
def test_slow_answers_are_waited_for_before_a_canary_hangs(seconds: float, text: str) -> None:
    """The primary takes 5 s too: its first answers are to requests that no canary was sent."""
    slow = replace(served(780), edges=((5.0, 780), (float("inf"), 780)))
    window = replace(split(780, 0), primary=slow, since_s=0.0, until_s=seconds)
    assert hanging(window, 5).startswith(text)
    assert bool(hanging(window, 5)) is bool(text)


@pytest.mark.parametrize("weight_percent", [0, 100])
def test_nobody_hangs_who_has_no_traffic_or_all_of_it(weight_percent: int) -> None:
    assert hanging(split(10_000, 0), weight_percent) == ""


def test_every_replica_of_traefik_begins_a_split_of_its_own() -> None:
    one = split(300, 0)
    assert hanging(one, 5)
    assert hanging(replace(one, targets=frozenset("abcdef")), 5) == ""


@given(
    st.integers(1, 99), st.integers(1, 4), st.lists(st.integers(0, 2000), min_size=1, max_size=30)
)
def test_a_canary_that_answers_everything_never_hangs(
    weight_percent: int, replicas: int, splits: list[int]
) -> None:
    """However often reloads cut the exact split short, what is left out is accounted for."""
    sent = [_split(requests, weight_percent) for requests in splits]
    window = split(
        primary=sum(primary for primary, _ in sent),
        canary=sum(canary for _, canary in sent),
        reloads=max(0, len(splits) - replicas),
        targets=replicas,
    )
    assert hanging(window, weight_percent) == ""


def _split(requests: int, weight_percent: int) -> tuple[int, int]:
    """Traefik's earliest deadline first: exact, beginning with the primary."""
    weights = (100 - weight_percent, weight_percent)
    served_by = [0, 0]
    for _ in range(requests):
        deadlines = [(served_by[i] + 1) / weights[i] for i in (0, 1)]
        served_by[0 if not sum(served_by) or deadlines[0] <= deadlines[1] else 1] += 1
    return served_by[0], served_by[1]


def test_where_clients_stay_a_weight_tells_nothing_of_what_was_sent() -> None:
    """Everybody who came before may be on the primary for good."""
    few = seeing(window=counted(tally(30), tally(10_000), seconds=10.0))
    assert "answered 30 of about" in last(few)
    assert "promoted" in last(few, replace(PLAN, clients_stay=True))
