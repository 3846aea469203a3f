"""Custom metrics in whole runs: asked when due, judged at each bake's end, never waited for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.custom import CustomCheck, Reading
from canary.core.plan import Plan
from tests.core.timeline import PLAN
from tests.engine.world import OLD, World

ORDERS = CustomCheck(name="orders-per-minute", query="orders", least=10.0)
FEW = "orders-per-minute is 3.2 (min 10)"


def with_(*custom: CustomCheck, plan: Plan = PLAN) -> Plan:
    return replace(plan, custom=custom)


def asked(world: World) -> list[float]:
    """When, in seconds from the first question on."""
    first_s = world.readings.asked[0][0]
    return [round(at_s - first_s, 1) for at_s, _ in world.readings.asked]


def test_a_good_value_costs_no_time_and_is_reported() -> None:
    plain = World()
    assert plain.outcome() == "Succeeded"
    world = World()
    world.readings.values["orders"] = 12
    world.readings.after_s = 0.2
    assert world.outcome(with_(ORDERS)) == "Succeeded"
    assert world.report.seconds == pytest.approx(plain.report.seconds, abs=1.5)
    assert len(world.readings.asked) == 3  # two steps and the soak
    texts = [step.verdicts[-1] for step in world.report.steps]
    assert texts == ["orders-per-minute is 12 (min 10)"] * 3


def test_a_value_out_of_range_ends_the_run_at_the_threshold() -> None:
    world = World()
    world.readings.values["orders"] = 3.2
    assert world.outcome(with_(ORDERS)).startswith(
        f"Rejected: podinfo:b: at 10 %: {FEW} (2 of 2 failed checks); all traffic is back on "
    )
    assert [step.verdicts[-1] for step in world.report.steps] == [FEW, FEW]


def test_what_is_only_reported_is_reported() -> None:
    world = World()
    world.readings.values["orders"] = 3.2
    assert world.outcome(with_(replace(ORDERS, report_only=True))) == "Succeeded"
    told = "orders-per-minute is 3.2 (min 10, not judged)"
    assert [step.verdicts[-1] for step in world.report.steps] == [told] * 3


def test_a_slow_answer_holds_and_delays_no_other_judgement() -> None:
    world = World()
    world.readings.values["orders"] = 12
    world.readings.after_s = 6.0
    assert world.outcome(with_(ORDERS)) == "Succeeded"
    held = [line for _, line in world.journal.lines if "has not been answered yet" in line]
    assert held
    assert len(world.readings.asked) == 3
    gaps = [after - before for before, after in zip(asked(world), asked(world)[1:], strict=False)]
    assert all(gap >= 10 for gap in gaps)


def test_no_value_is_asked_for_again_and_ends_the_run_in_the_end() -> None:
    world = World()
    assert world.outcome(with_(ORDERS)).startswith(
        "Rejected: podinfo:b: at 10 %: inconclusive for 30 s: orders-per-minute: no series; "
    )
    assert asked(world)[:4] == pytest.approx([0, 5, 10, 15], abs=2.1)


def test_a_query_that_is_wrong_ends_the_run_with_its_first_answer() -> None:
    says = "the query answered 2 series where one is needed"
    world = World()
    world.readings.values["orders"] = Reading(trouble=says, miswritten=True)
    assert world.outcome(with_(ORDERS)).startswith(
        f"Rejected: podinfo:b: at 10 %: metric orders-per-minute: {says}; all traffic is back on "
    )
    assert len(world.readings.asked) == 1
    assert world.routed == {OLD: 100}


def test_a_wrong_query_that_is_only_reported_is_told_and_not_asked_each_poll() -> None:
    world = World()
    world.readings.values["orders"] = Reading(trouble="no PromQL", miswritten=True)
    plan = with_(replace(ORDERS, report_only=True))
    assert world.outcome(plan) == "Succeeded"
    told = [step.verdicts[-1] for step in world.report.steps]
    assert told == ["orders-per-minute: no PromQL"] * 3
    assert len(world.readings.asked) == 3  # at each end of two steps and the soak


def test_a_value_that_comes_late_lets_the_run_go_on() -> None:
    world = World()
    began_s = world.clock.now_s()
    world.readings.values["orders"] = lambda now_s: 12 if now_s - began_s > 25 else "no series"
    assert world.outcome(with_(ORDERS)) == "Succeeded"


def test_a_metric_with_an_interval_of_its_own_is_asked_meanwhile() -> None:
    world = World()
    world.readings.values["orders"] = 12
    plan = with_(replace(ORDERS, every_s=4.0), plan=replace(PLAN, weights=(10,)))
    assert world.outcome(plan) == "Succeeded"
    assert asked(world)[:3] == pytest.approx([0, 4, 5], abs=1.1)
    assert any("orders-per-minute 12 · " in line for _, line in world.journal.lines)


def test_a_metric_with_a_longer_interval_is_asked_at_each_end_all_the_same() -> None:
    world = World()
    world.readings.values["orders"] = 12
    assert world.outcome(with_(replace(ORDERS, every_s=600.0))) == "Succeeded"
    assert len(world.readings.asked) == 3


def test_a_value_that_fails_early_in_a_bake_is_not_its_verdict() -> None:
    world = World()
    world.readings.values["orders"] = lambda now_s: 3.2 if now_s % 10 < 7 else 12
    plan = with_(replace(ORDERS, every_s=2.0), plan=replace(PLAN, weights=(10,)))
    world.outcome(plan)
    answers = [world.readings.values["orders"](at_s) for at_s, _ in world.readings.asked]  # type: ignore[operator]
    assert answers.count(3.2) > world.report.failed_checks


def test_nobody_is_asked_about_a_version_that_is_not_judged() -> None:
    world = World()
    assert world.outcome(with_(ORDERS, plan=replace(PLAN, skip_analysis=True))) == "Succeeded"
    assert world.readings.asked == []
