"""Samples become increments: exactly once, whatever Prometheus and Traefik do meanwhile."""

from __future__ import annotations

from itertools import pairwise

import pytest

from canary.core.samples import MEMORY_S, Ledger, Poll
from canary.core.seen import Kind, Series, Side
from tests.core.tables import cut, read, story, table

STEADY = table("""
    scrape           0    5   10   15   20
    a reload         3    3    4    4    4
    a primary 200  900  950 1000 1040 1100
    a canary 200     -    -    2    4    7
    a canary 500     -    -    -    1    1
""")
STEADY_STORY = [
    "a primary 200 +50 in 0..5",
    "a canary 200 +2 in 5..10",
    "a primary 200 +50 in 5..10",
    "a reload +1 in 5..10",
    "a canary 200 +2 in 10..15",
    "a canary 500 +1 in 10..15",
    "a primary 200 +40 in 10..15",
    "a canary 200 +3 in 15..20",
    "a primary 200 +60 in 15..20",
]


def test_the_first_sample_of_a_target_is_a_base_and_a_newborn_series_counts_from_zero() -> None:
    assert story(read(STEADY)) == STEADY_STORY


@pytest.mark.parametrize("reach_s", [5, 10, 15, 30])
def test_overlapping_polls_count_once(reach_s: float) -> None:
    polls = [cut(STEADY, until - reach_s, until) for until in (0, 5, 5, 10, 15, 20, 20)]
    assert story(read(*polls)) == STEADY_STORY


def test_a_poll_that_reads_an_older_window_adds_nothing() -> None:
    assert story(read(STEADY, cut(STEADY, 0, 10))[1:]) == []


def test_every_target_is_told_apart() -> None:
    two = table("""
        scrape           0    5   10
        a reload         1    1    1
        b reload         -    1    1
        a canary 200     -    1    2
        b canary 200     -    7    9
    """)
    assert story(read(two)) == [
        "a canary 200 +1 in 0..5",
        "a canary 200 +1 in 5..10",
        "b canary 200 +2 in 5..10",  # the 7 are older than its first scrape
    ]


def test_a_restarted_process_counts_from_its_restart() -> None:
    restart = table("""
        scrape           0    5   10   15
        a reload         9    9    1    1
        a primary 200   70   80    6   10
    """)
    assert story(read(restart)) == [
        "a primary 200 +10 in 0..5",
        "a primary 200 +6 in 5..10",
        "a reload +1 in 5..10",
        "a primary 200 +4 in 10..15",
    ]


def test_a_restart_shows_in_a_counter_that_has_already_caught_up() -> None:
    caught_up = table("""
        scrape           0    5   10
        a reload         9    9    2
        a primary 200    3    3    8
        a canary 200     1    1    5
    """)
    assert story(read(caught_up)) == [
        "a canary 200 +5 in 5..10",
        "a primary 200 +8 in 5..10",
        "a reload +2 in 5..10",
    ]


def test_a_service_that_began_anew_takes_all_its_series_with_it_and_no_others() -> None:
    returned = table("""
        scrape           0    5   10
        a reload         9    9   10
        a primary 200   50   60   70
        a canary 500     1    1    4
        a canary 200    20   20    3
    """)
    assert story(read(returned)) == [
        "a primary 200 +10 in 0..5",
        "a canary 200 +3 in 5..10",
        "a canary 500 +4 in 5..10",
        "a primary 200 +10 in 5..10",
        "a reload +1 in 5..10",
    ]


def test_a_primary_that_began_anew_does_not_restart_the_process() -> None:
    moved = table("""
        scrape           0    5
        a reload         9   10
        a primary 200   50    2
        a canary 200    20   23
    """)
    assert story(read(moved)) == [
        "a canary 200 +3 in 0..5",
        "a primary 200 +2 in 0..5",
        "a reload +1 in 0..5",
    ]


def test_a_service_that_left_and_returned_counts_from_zero_though_it_is_higher() -> None:
    away = table("""
        scrape           0    5   10   15   20
        a reload         1    1    2    2    3
        a canary 200     3    4    -    -    9
    """)
    expected = [
        "a canary 200 +1 in 0..5",
        "a canary 200 +9 in 15..20",
    ]
    for polls in ([away], [cut(away, t - 5, t) for t in (5, 10, 15, 20)]):
        assert [line for line in story(read(*polls)) if "canary" in line] == expected


def test_a_failed_scrape_makes_one_longer_increment() -> None:
    gap = table("""
        scrape           0    5   10   15
        a reload         1    -    -    1
        a primary 200   10    -    -   40
        a canary 200     -    -    -    5
    """)
    assert story(read(gap)) == [
        "a canary 200 +5 in 0..15",
        "a primary 200 +30 in 0..15",
    ]


def test_a_prometheus_that_lost_its_history_costs_nothing_that_is_remembered() -> None:
    before, after = cut(STEADY, 0, 10), cut(STEADY, 20, 20)
    assert story(read(before, after)[1:]) == [
        "a canary 200 +5 in 10..20",
        "a canary 500 +1 in 10..20",
        "a primary 200 +100 in 10..20",
    ]


def test_a_new_replica_whose_past_nobody_saw_is_only_a_base() -> None:
    (poll,) = read(cut(STEADY, 20, 20))
    assert poll == Poll(newest_s=20)


def test_two_prometheus_replicas_that_answer_in_turn_count_once() -> None:
    first = table("""
        scrape           0    5   10
        a reload         1    1    1
        a primary 200   10   20   30
    """)
    second = table("""
        scrape           2    7   12
        a reload         1    1    1
        a primary 200   14   24   34
        a canary 200     -    -    3
    """)
    assert story(read(first, second)[1:]) == [
        "a canary 200 +3 in 10..12",
        "a primary 200 +4 in 10..12",
    ]


def test_series_that_differ_in_a_label_nobody_asked_for_are_added_up() -> None:
    http = table("""
        scrape           0    5   10
        a canary 200    10   11   12
        a canary 200     -    5    9
    """)
    assert story(read(http)) == [
        "a canary 200 +6 in 0..5",
        "a canary 200 +5 in 5..10",
    ]


def test_nothing_is_known_without_samples() -> None:
    ledger, poll = Ledger().advance(cut(STEADY, 100, 200))
    assert (ledger, poll) == (Ledger(), Poll())
    assert poll.newest_s is None


def test_an_empty_answer_forgets_nothing() -> None:
    polls = read(cut(STEADY, 0, 10), cut(STEADY, 100, 200), cut(STEADY, 5, 20))
    assert story(polls) == STEADY_STORY


def test_zero_is_an_increment_too() -> None:
    (poll,) = read(cut(STEADY, 15, 20))
    (quiet,) = [i for i in poll.increments if i.code == "500"]
    assert (quiet.amount, quiet.start_s, quiet.end_s, quiet.method) == (0, 15, 20, "GET")


def test_reloads_are_summed_over_targets() -> None:
    two = table("""
        scrape      0    5   10
        a reload    1    2    4
        b reload    7    8    8
    """)
    assert [poll.reloads for poll in read(cut(two, 0, 5), two)] == [2, 2]


def test_memory_is_bounded() -> None:
    ledger = Ledger()
    for version in range(500):
        at_s = 10.0 * version
        points = ((at_s, 1.0), (at_s + 10.0, 2.0))
        one = Series(
            kind=Kind.REQUESTS, side=Side.CANARY, target=f"t{version}", code="200", points=points
        )
        ledger, _ = ledger.advance((one,))
    assert 1 < len(ledger.last) <= MEMORY_S / 10 + 1


def test_what_was_forgotten_never_counts_again() -> None:
    gone = table("""
        scrape           0    5
        b reload         1    1
        b canary 200     -    4
    """)
    later = table("""
        scrape        1000
        a reload         1
    """)
    assert story(read(gone, later, (*gone, *later))[1:]) == []


def test_increments_of_one_series_touch_and_never_overlap() -> None:
    polls = [cut(STEADY, until - 10, until) for until in (5, 10, 20)]
    spans = [
        (i.start_s, i.end_s)
        for poll in read(*polls)
        for i in poll.increments
        if i.side is Side.PRIMARY and i.kind is Kind.REQUESTS
    ]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
    assert (spans[0][0], spans[-1][1]) == (0, 20)
