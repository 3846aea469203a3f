"""Custom metrics: what a value says about its bounds, in grades and in words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.core import bake, texts
from canary.core.custom import CustomCheck, Reading
from canary.core.plan import Plan
from canary.core.readings import judge_readings, shown
from canary.core.record import Phase
from canary.core.state import Decision, Seen, State
from canary.core.verdicts import Grade, Verdict
from tests.core.timeline import BEGIN, PLAN, READY, World, check, healthy, last, tally, window

ORDERS = CustomCheck(name="orders-per-minute", query="orders", least=10.0)
LAG = CustomCheck(name="lag", query="lag", most=2.5)
BOTH = CustomCheck(name="load", query="load", least=1.0, most=3.0)
TOLD = replace(ORDERS, report_only=True)


def judged(check: CustomCheck, reading: Reading | None, from_s: float = 0.0) -> Verdict:
    readings = {} if reading is None else {check.name: reading}
    (verdict,) = judge_readings((check,), readings, from_s)
    return verdict


@pytest.mark.parametrize(
    ("check", "value", "grade", "text"),
    [
        (ORDERS, 12.0, "pass", "orders-per-minute is 12 (min 10)"),
        (ORDERS, 10.0, "pass", "orders-per-minute is 10 (min 10)"),
        (ORDERS, 3.2, "fail", "orders-per-minute is 3.2 (min 10)"),
        (ORDERS, 9.99999999, "fail", "orders-per-minute is 9.99999999 (min 10)"),
        (ORDERS, math.inf, "pass", "orders-per-minute is inf (min 10)"),
        (LAG, 2.5, "pass", "lag is 2.5 (max 2.5)"),
        (LAG, 2.50001, "fail", "lag is 2.50001 (max 2.5)"),
        (LAG, math.inf, "fail", "lag is inf (max 2.5)"),
        (LAG, -1.0, "pass", "lag is -1 (max 2.5)"),
        (BOTH, 2.0, "pass", "load is 2 (min 1, max 3)"),
        (BOTH, 0.0, "fail", "load is 0 (min 1)"),
        (BOTH, 4.0, "fail", "load is 4 (max 3)"),
        (TOLD, 3.2, "reported", "orders-per-minute is 3.2 (min 10, not judged)"),
        (replace(TOLD, least=None), 3.2, "reported", "orders-per-minute is 3.2 (not judged)"),
    ],
)
def test_a_value_is_judged_by_its_bounds(
    check: CustomCheck, value: float, grade: str, text: str
) -> None:
    verdict = judged(check, Reading(value=value))
    assert (verdict.grade.value, verdict.text) == (grade, text)
    assert (verdict.check, verdict.value, verdict.n) == (check.name, value, 0)


def test_the_bound_of_a_verdict_is_the_one_that_counts() -> None:
    bounds = [judged(BOTH, Reading(value=value)).bound for value in (0.0, 4.0)]
    assert bounds == [1.0, 3.0]


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (None, "orders-per-minute has not been answered yet"),
        (Reading(value=12.0, asked_s=4.9), "orders-per-minute has not been answered yet"),
        (Reading(trouble="no series", asked_s=5.0), "orders-per-minute: no series"),
    ],
)
def test_without_a_value_nothing_is_known(reading: Reading | None, text: str) -> None:
    verdict = judged(ORDERS, reading, 5.0)
    assert (verdict.grade, verdict.text, verdict.value) == (Grade.UNKNOWN, text, None)
    assert judged(TOLD, reading, 5.0).grade is Grade.REPORTED


@given(st.floats(allow_nan=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_text_never_rounds_a_failure_away(value: float, least: float) -> None:
    check = replace(ORDERS, least=least)
    verdict = judged(check, Reading(value=value))
    number = float(verdict.text.split()[2])
    assert check.accepts(number) is (verdict.grade is Grade.PASS)


def test_only_what_has_a_value_is_shown() -> None:
    readings = {"lag": Reading(value=2.0), "load": Reading(trouble="no series")}
    assert list(shown((ORDERS, LAG, BOTH), readings)) == ["lag 2"]


BAKING = replace(
    BEGIN, phase=Phase.PROGRESSING, step=0, weight_percent=10, baked_from_s=1.0, traffic_from_s=1.0
)
COUNTED = window(tally(40), tally(360), seconds=10.0)
LOOK = Seen(now_s=11.0, canary=READY, primary=READY, window=COUNTED, fresh=True)


def with_(*custom: CustomCheck, plan: Plan = PLAN) -> Plan:
    return replace(plan, custom=custom)


@pytest.mark.parametrize(
    ("asked_s", "grade"), [(9.9, "unknown"), (10.0, "pass"), (10.5, "pass"), (11.0, "pass")]
)
def test_a_bake_is_judged_by_a_reading_from_its_end(asked_s: float, grade: str) -> None:
    seen = replace(LOOK, readings={ORDERS.name: Reading(value=12.0, asked_s=asked_s)})
    assert bake.conclude(BAKING, seen, with_(ORDERS)).grade.value == grade


def test_a_reading_from_before_the_bake_never_speaks_for_it() -> None:
    short = replace(with_(ORDERS), interval_s=0.5)
    seen = replace(LOOK, now_s=1.5, readings={ORDERS.name: Reading(value=12.0, asked_s=0.9)})
    assert bake.readings_from_s(BAKING, seen, short) == 1.0
    assert bake.conclude(BAKING, seen, short).grade is Grade.UNKNOWN


def test_builtin_checks_and_custom_ones_are_judged_together() -> None:
    few = replace(LOOK, readings={ORDERS.name: Reading(value=3.2, asked_s=11.0)})
    end = bake.conclude(BAKING, few, with_(ORDERS))
    assert (end.grade, end.text) == (Grade.FAIL, "orders-per-minute is 3.2 (min 10)")
    assert len(end.verdicts) == 3
    told = bake.conclude(BAKING, few, with_(TOLD))
    assert told.grade is Grade.PASS
    assert "not judged" not in told.text
    alone = bake.conclude(BAKING, few, with_(ORDERS, plan=replace(PLAN, checks=())))
    assert alone.text == "orders-per-minute is 3.2 (min 10)"


def test_the_last_value_is_in_the_line_that_tells_where_a_run_is() -> None:
    seen = replace(LOOK, now_s=5.0, readings={ORDERS.name: Reading(value=12.0)})
    line = texts.progress(BAKING, Decision(state=BAKING, reason="baking"), seen, with_(ORDERS))
    assert line.endswith(" · orders-per-minute 12 · 6 s left")


def ordering(value: float | None) -> World:
    """A healthy world in which the metric has this value whenever somebody looks."""

    def world(state: State, seen: Seen) -> Seen:
        trouble = "the query answered no series" if value is None else ""
        reading = Reading(value=value, trouble=trouble, asked_s=seen.now_s)
        return replace(healthy(state, seen), readings={ORDERS.name: reading})

    return world


ONE = with_(ORDERS, plan=replace(PLAN, checks=PLAN.checks[:1], weights=(10,)))


def test_a_value_out_of_range_is_a_failed_check() -> None:
    check(
        ordering(3.2),
        """
          0.0 Progressing  10 [shift] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Progressing  10 [open-window] held at 10 %: orders-per-minute is 3.2 (min 10) (1 of 2 failed checks)
         20.1 RollingBack   0 [restore] roll back: at 10 %: orders-per-minute is 3.2 (min 10) (2 of 2 failed checks)
         20.2 Failed        0 [close, stop-canary] at 10 %: orders-per-minute is 3.2 (min 10) (2 of 2 failed checks)
        """,  # noqa: E501 - a transcript
        ONE,
    )


PARSE_ERROR = 'Prometheus refuses the query: invalid parameter "query": 1:5: parse error'
MISWRITTEN = Reading(trouble=PARSE_ERROR, miswritten=True)


def answering(reading: Reading, from_s: float = 0.0) -> World:
    """A healthy world in which this is the metric's reading from then on."""

    def world(state: State, seen: Seen) -> Seen:
        usual = healthy(state, seen)
        if seen.now_s < from_s or state.baked_from_s is None:
            return usual
        return replace(usual, readings={ORDERS.name: replace(reading, asked_s=seen.now_s)})

    return world


def test_a_query_that_can_never_be_answered_ends_the_run_at_once() -> None:
    check(
        answering(MISWRITTEN, 4.0),
        f"""
          0.0 Progressing  10 [shift] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
          4.2 RollingBack   0 [restore] roll back: at 10 %: metric orders-per-minute: {PARSE_ERROR}
          4.3 Failed        0 [close, stop-canary] at 10 %: metric orders-per-minute: {PARSE_ERROR}
        """,
        ONE,
    )


def test_any_other_trouble_holds() -> None:
    end = last(answering(replace(MISWRITTEN, miswritten=False), 4.0), ONE)
    assert "inconclusive for 30 s: orders-per-minute: " in end


def test_it_ends_the_soak_as_well_and_nothing_that_is_only_reported() -> None:
    def world(state: State, seen: Seen) -> Seen:
        reading = MISWRITTEN if state.phase is Phase.SOAKING else Reading(value=12.0)
        return answering(reading)(state, seen)

    assert "Failed        0 [close, stop-canary] at 100 %: metric orders" in last(world, ONE)
    told = with_(TOLD, plan=ONE)
    assert "Succeeded" in last(answering(MISWRITTEN), told)


def test_a_value_within_its_range_is_told_with_what_was_counted() -> None:
    check(
        ordering(12.0),
        """
          0.0 Progressing  10 [shift] 10 % to the canary: it is ready
          0.1 Progressing  10 [open-window] 10 % is live on every replica
         10.1 Promoting   100 [shift] 100 % to the canary, promoting: 100 % of 20 requests succeeded (primary 100 % of 180), orders-per-minute 12
         10.2 Soaking     100 [open-window, persist] 100 % is live on every replica
         20.2 Succeeded   100 [settle] promoted: 100 % of 200 requests succeeded, orders-per-minute 12
        """,  # noqa: E501 - a transcript
        ONE,
    )


def test_a_metric_without_a_value_holds_and_then_ends_the_run() -> None:
    assert last(ordering(None), ONE).endswith(
        "at 10 %: inconclusive for 30 s: orders-per-minute: the query answered no series"
    )
