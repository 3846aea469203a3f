"""What is conclusive evidence against a canary and what is not, and how it is said."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf, isclose, log

import pytest

from canary.core.evidence import WORSE, Charge
from canary.core.plan import Bad, Check, CheckName, Terms
from canary.core.seen import Side
from canary.core.state import Course, Seen, State
from tests.core.polls import ALPHA, after, answered, joined, of_one, opened, poll
from tests.core.timeline import BEGIN, PLAN, healthy, play

PROVING = replace(PLAN, evidence=Terms())


def charged(allowed: float = 0.0) -> Charge:
    return Charge(bad=Bad.SERVER_ERROR, compared=True, allowed=allowed)


def test_a_bad_hour_of_both_versions_is_not_the_canarys_fault() -> None:
    """Added up, the canary looks three times worse; hour by hour, it is the primary's equal."""
    quiet, rough = poll({"200": 5}, {"200": 995}), poll({"500": 20}, {"500": 20})
    assert after(quiet, rough).log_worse <= 0.0


def test_both_beyond_the_bound_is_no_evidence_against_the_canary() -> None:
    both = poll({"200": 90, "500": 10}, {"200": 810, "500": 90})
    assert of_one(after(both), Bad.SERVER_ERROR).log_beyond == -inf
    assert after(*[both] * 20).breach(ALPHA) == ""


def test_what_the_primary_did_before_the_weight_rose_excuses_nothing_later() -> None:
    """A long healthy past of the primary must not hide that it is failing now as well."""
    past = poll({"200": 10}, {"200": 20_000})
    now = poll({"200": 450, "500": 50}, {"200": 450, "500": 50})
    assert after(past, now).breach(ALPHA) == ""
    primary_fine = poll({"200": 450, "500": 50}, {"200": 500})
    assert "50 of 510 canary requests failed" in after(past, primary_fine).breach(ALPHA)


def test_a_primary_within_chance_of_the_bound_excuses_nothing() -> None:
    terms = Terms(exchangeable=False)
    some = poll({"200": 80, "500": 20}, {"200": 98, "500": 2})
    assert "20 of 100 canary requests failed" in after(some, evidence=opened(terms)).breach(ALPHA)


def test_in_the_soak_only_the_bound_is_left() -> None:
    soak = poll({"200": 60, "500": 40}, {})
    soaked = after(poll({"200": 50}, {"200": 50}), soak)
    assert isclose(soaked.log_worse, 0.0, abs_tol=1e-12)
    assert soaked.breach(ALPHA) == (
        "40 of 150 canary requests failed (5xx), where 1 % may: "
        "chance does that less than once in 1,000,000,000 releases"
    )


def test_requests_that_are_not_alike_are_not_compared() -> None:
    worse = poll({"404": 40}, {"200": 400})
    assert after(worse).breach(ALPHA)
    assert after(worse, evidence=opened(Terms(exchangeable=False))).breach(ALPHA) == ""


def test_methods_are_not_compared_with_each_other() -> None:
    """POST fails everywhere; that the canary happens to get many of them proves nothing."""
    skewed = joined(
        answered(Side.CANARY, {"409": 30}, method="POST"),
        answered(Side.PRIMARY, {"409": 60}, method="POST"),
        answered(Side.CANARY, {"200": 5}),
        answered(Side.PRIMARY, {"200": 900}),
    )
    assert isclose(after(skewed).log_worse, 0.0, abs_tol=1e-12)


def test_durations_are_left_out_while_the_canary_warms_up() -> None:
    slow = poll({"200": 40}, {"200": 400}, slow=(40, 0))
    cold = opened().advance(slow, warming=True)
    assert cold.breach(ALPHA) == ""
    assert of_one(cold, Bad.SLOW) == of_one(opened(), Bad.SLOW)
    assert of_one(cold, Bad.ERROR).canary == 40
    assert "took longer" in opened().advance(slow).breach(ALPHA)


def test_failures_that_come_before_their_time_convict_only_of_slowness() -> None:
    """Half a second after a raise, good answers that take as long are not there yet."""
    early = poll({"500": 9}, {"200": 90, "500": 9}, slow=(9, 0))
    soon = opened().advance(early, raised_s=4.5)
    assert of_one(soon, Bad.SERVER_ERROR) == of_one(opened(), Bad.SERVER_ERROR)
    assert of_one(soon, Bad.SLOW).canary_bad == 9
    assert of_one(opened().advance(early, raised_s=3.5), Bad.SERVER_ERROR).canary_bad == 9


def test_without_a_check_on_durations_slowness_is_no_charge() -> None:
    plan = replace(PLAN, checks=PLAN.checks[:1])
    assert [charge.bad for charge in opened(plan=plan).charges] == [
        Bad.SERVER_ERROR,
        Bad.CLIENT_ERROR,
        Bad.ERROR,
    ]


def test_only_the_classes_that_were_asked_for_are_compared() -> None:
    evidence = after(poll({"404": 40}, {"200": 400}), evidence=opened(Terms(classes=(Bad.SLOW,))))
    assert evidence.breach(ALPHA) == ""
    assert [c.bad for c in evidence.charges if c.compared] == [Bad.SLOW]
    assert [c.bad for c in evidence.charges if c.allowed] == [Bad.SERVER_ERROR, Bad.SLOW]


@pytest.mark.parametrize("bound", [0.0, 100.0])
def test_a_bound_that_allows_nothing_or_everything_is_no_bet(bound: float) -> None:
    check = Check(name=CheckName.SUCCESS_RATE, bound=bound)
    evidence = opened(Terms(classes=()), replace(PLAN, checks=(check,)))
    assert evidence.charges == ()
    assert after(poll({"500": 4}, {"200": 76}), evidence=evidence).breach(ALPHA) == ""


def test_the_allowed_chance_is_split_between_the_two_claims() -> None:
    plan = replace(PLAN, checks=())
    few = after(poll({"500": 3}, {"200": 57}), evidence=opened(plan=plan))
    alone, split = exp(few.log_worse), replace(few, charges=(*few.charges, charged(allowed=0.9)))
    assert few.breach(1 / alone * 1.0001)
    assert not few.breach(1 / alone * 0.9999)
    shared = exp(split.log_worse)
    assert split.breach(2 / shared * 1.0001)
    assert not split.breach(2 / shared * 0.9999)


# In words.


@pytest.mark.parametrize(
    ("canary", "slow", "words"),
    [
        ({"200": 65, "500": 31}, 0, "31 of 96 canary requests failed (5xx) while 0 of 1,912 did"),
        ({"200": 65, "404": 31}, 0, "31 of 96 canary requests failed (4xx) while 0 of 1,912 did"),
        (
            {"200": 65, "404": 21, "500": 10},
            0,
            "31 of 96 canary requests failed (4xx or 5xx) while 0 of 1,912 did",
        ),
        ({"200": 96}, 31, "31 of 96 canary requests took longer than 500 ms while 0 of 1,912 did"),
    ],
)
def test_it_names_what_is_bad(canary: dict[str, int], slow: int, words: str) -> None:
    text = after(poll(canary, {"200": 1912}, slow=(slow, 0))).breach(ALPHA)
    rarity = "chance does that less than once in 1,000,000,000 releases"
    assert text == f"{words} on the primary: {rarity}"


@pytest.mark.parametrize(
    ("stake", "words"),
    [
        (4.7, "4"),
        (39.9, "39"),
        (239.0, "230"),
        (999.9, "990"),
        (1000.0, "1,000"),
        (9999.0, "1,000"),
        (10_000.0, "10,000"),
        (1e9, "1,000,000,000"),
        (1e200, "1,000,000,000"),
    ],
)
def test_how_rare_is_rounded_down(stake: float, words: str) -> None:
    certain = replace(charged(), logs=(log(stake),) * len(WORSE))
    evidence = replace(opened(), charges=(certain,))
    assert evidence.breach(0.9).endswith(f"less than once in {words} releases")


# In the run.


def gathering(state: State, seen: Seen) -> Seen:
    """As healthy by the window, but every answer of the canary is a 404."""
    seen = healthy(state, seen)
    seconds = round(seen.now_s - (state.baked_from_s or seen.now_s))
    return replace(seen, evidence=after(poll({"404": seconds}, {"200": 19 * seconds})))


def test_it_ends_the_run_at_once_whatever_the_checks_say() -> None:
    why = (
        "at 10 %: 3 of 3 canary requests failed (4xx) while 0 of 57 did on the primary: "
        "chance does that less than once in 1,000 releases"
    )
    assert play(gathering, PROVING)[-2:] == [
        f"  3.2 RollingBack   0 [restore] roll back: {why}",
        f"  3.3 Failed        0 [close, stop-canary] {why}",
    ]


def test_a_plan_without_evidence_looks_away() -> None:
    assert " Succeeded " in play(gathering, replace(PROVING, evidence=None))[-1]


def test_a_canary_that_was_given_all_traffic_unjudged_is_not_convicted() -> None:
    proof = after(poll({"404": 40}, {"200": 400}))
    assert proof.breach(ALPHA)

    def proven(state: State, seen: Seen) -> Seen:
        return replace(healthy(state, seen), evidence=proof)

    assert "RollingBack" in play(proven, PROVING)[1]
    direct = replace(BEGIN, course=Course.DIRECT)
    assert " Succeeded " in play(proven, PROVING, direct)[-1]
