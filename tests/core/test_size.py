"""How many pods a canary needs, when it is given them, and what its missing ones say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.seen import Live, Pods
from canary.core.size import Size, enough, is_excused, size_for
from canary.core.state import Effect, Seen, State
from canary.core.transitions import decide
from tests.core.test_scaling import FOUR, OLD, at


@pytest.mark.parametrize(
    ("weight", "pods"), [(1, 1), (10, 1), (25, 2), (34, 3), (50, 3), (66, 4), (67, 4), (100, 4)]
)
def test_a_weight_needs_its_share_of_the_pods_and_headroom(weight: int, pods: int) -> None:
    assert size_for(weight, 4, FOUR) == pods
    assert size_for(weight, 4, replace(FOUR, proportional=False)) == 4
    assert size_for(weight, 4, replace(FOUR, headroom_percent=0)) == -(-4 * weight // 100)


@pytest.mark.parametrize(("previewed", "pods"), [(True, 1), (False, 4)])
def test_iterations_need_few_pods_where_no_user_is(*, previewed: bool, pods: int) -> None:
    """How many requests the rule of an A/B release picks is not known."""
    assert size_for(0, 4, replace(FOUR, previewed=previewed)) == pods


@pytest.mark.parametrize(
    ("pods", "percent", "ready"), [(2, 100, 2), (3, 50, 2), (2, 50, 1), (2, 0, 1), (10, 75, 8)]
)
def test_a_threshold_never_means_fewer_than_one_pod(pods: int, percent: int, ready: int) -> None:
    assert enough(pods, percent) == ready


@pytest.mark.parametrize(("wanted", "most", "full"), [(3, 9, 4), (7, 9, 7), (12, 9, 9), (7, 0, 4)])
def test_full_size_is_what_an_autoscaler_made_of_the_primary(
    wanted: int, most: int, full: int
) -> None:
    primary = Pods(wanted=wanted, existing=wanted, ready=wanted)
    plan = replace(FOUR, most_replicas=most)
    after = decide(at(10), Seen(now_s=1.0, canary=OLD, primary=primary), plan).state
    assert after.size.full == full
    shrunk = replace(primary, wanted=1)
    later = decide(after, Seen(now_s=2.0, canary=OLD, primary=shrunk), plan).state
    assert later.size.full == full


def test_a_primary_that_grows_makes_no_canary_too_small_for_what_it_has() -> None:
    state = replace(at(10), size=Size(full=4, present=4, asked=4))
    plan = replace(FOUR, most_replicas=9, proportional=False)
    grown = Pods(wanted=8, existing=8, ready=8)
    after = decide(state, Seen(now_s=1.0, canary=OLD, primary=grown), plan)
    assert after.effects == (Effect.SCALE,)
    assert (after.state.size.asked, after.state.size.present) == (8, 4)
    assert after.state.short_since_s is None


def scaled(state: State, now_s: float, wanted: int, most: int = 0) -> bool:
    canary = Pods(wanted=wanted, existing=wanted, ready=wanted)
    seen = Seen(now_s=now_s, canary=canary, primary=OLD, live=Live(confirmed=True))
    decision = decide(state, seen, replace(FOUR, most_replicas=most))
    return Effect.SCALE in decision.effects


def test_who_takes_pods_away_is_answered_once_a_poll() -> None:
    state = at(10, asked=2, asked_s=0.0)
    assert not scaled(state, 4.0, 1)
    assert scaled(state, 5.0, 1)
    assert not scaled(state, 5.0, 2)


def test_an_autoscaler_is_told_even_if_it_has_as_many_already() -> None:
    """It would take them away again."""
    assert scaled(at(10, asked=1), 1.0, 4, most=9)
    assert not scaled(at(10, asked=1), 1.0, 4)
    assert not scaled(at(10, asked=2), 9.0, 4, most=9)


def test_nobody_asks_for_pods_unseen_or_on_the_way_back() -> None:
    blind = decide(at(10), Seen(now_s=1.0), FOUR)
    assert Effect.SCALE not in blind.effects
    stopped = Seen(now_s=1.0, canary=Pods(wanted=1, ready=1), primary=OLD, stop="interrupted")
    assert decide(at(10), stopped, FOUR).effects == (Effect.RESTORE,)


@pytest.mark.parametrize(
    ("existing", "ready", "settling", "disturbed", "excused"),
    [
        (2, 0, 1, False, False),  # one was added, and the one that had the requests is not ready
        (1, 0, 1, False, True),  # one was replaced
        (1, 0, 0, False, False),
        (1, 0, 0, True, True),
    ],
)
def test_new_pods_excuse_only_what_the_older_ones_are_too_few_for(
    existing: int, ready: int, settling: int, *, disturbed: bool, excused: bool
) -> None:
    pods = Pods(existing=existing, ready=ready, settling=settling, disturbed=disturbed)
    assert is_excused(pods, 1) is excused
