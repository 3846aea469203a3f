"""What people ask of a run: obeyed once, by name, and never against a breach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from canary.core.breach import SUSPENDED_AT_MOST_S
from canary.core.orders import Order, parsed
from canary.core.plan import Gate, Plan
from canary.core.seen import HookResult, HookType, Outcome
from canary.core.state import Course, Seen, State
from tests.core.timeline import BEGIN, NONE, PLAN, World, failing, healthy, play, seeing

RUN = "r1"


def asking(*orders: tuple[float, str], world: World = healthy) -> World:
    """From each time on, this is what the annotation says."""

    def seen_with(state: State, seen: Seen) -> Seen:
        texts = [text for at_s, text in orders if seen.now_s >= at_s]
        return replace(world(state, seen), order=texts[-1] if texts else "", run=RUN)

    return seen_with


def by(verb: str, name: str = "ann", run: str = RUN) -> str:
    return Order(verb=verb, by=name, run=run).to_json()


def at(lines: list[str], part: str) -> float:
    return float(next(line for line in lines if part in line).split()[0])


def test_an_order_survives_being_written() -> None:
    order = Order(verb="abort", by="ann", run="r1", at=5.0)
    text = order.to_json()
    assert parsed(text) == replace(order, at=0.0, text=text)


@pytest.mark.parametrize(
    ("text", "verb", "who"),
    [
        ("abort", "abort", "somebody"),
        ("[1]", "[1]", "somebody"),
        ('{"verb": "abort"}', "abort", "somebody"),
        ('{"verb": null, "by": "a\\n b"}', "", "a b"),
        ("x" * 5000, "x" * 100, "somebody"),
    ],
)
def test_whatever_is_written_is_read(text: str, verb: str, who: str) -> None:
    order = parsed(text)
    assert (order.verb, order.by, order.run, order.text) == (verb, who, "", text)


def test_abort_brings_everything_back() -> None:
    lines = play(asking((15.0, by("abort"))))
    assert lines[-1].endswith("at 50 %: aborted by ann")
    assert lines[-1].split()[1] == "Failed"
    assert 15.0 <= at(lines, "[restore]") < 16.5


def test_abort_before_any_traffic_touches_none() -> None:
    lines = play(asking((0.0, "abort"), world=seeing(canary=NONE)))
    assert len(lines) == 1
    assert lines[0].endswith("aborted by somebody")


def test_a_suspended_run_keeps_its_weight_until_it_is_resumed() -> None:
    lines = play(asking((5.0, by("suspend")), (75.0, by("resume", "bob"))))
    assert "[persist] suspended by ann at 10 %; judging goes on" in next(
        line for line in lines if "suspended by ann at" in line
    )
    assert at(lines, "resumed by bob at 10 %") >= 75.0
    assert at(lines, "50 % to the canary") > 75.0
    assert "Succeeded" in lines[-1]


def test_a_suspended_run_is_judged() -> None:
    def spoilt(state: State, seen: Seen) -> Seen:
        return (failing if seen.now_s > 30.0 else healthy)(state, seen)

    lines = play(asking((5.0, by("suspend")), world=spoilt))
    assert "at 10 %: request-success-rate" in lines[-1]
    assert "Failed" in lines[-1]


@pytest.mark.parametrize("course", [Course.JUDGED, Course.DIRECT])
def test_a_run_is_suspended_before_any_traffic_or_at_its_end(course: Course) -> None:
    start = replace(BEGIN, course=course)
    early = play(asking((0.0, by("suspend")), (100.0, by("resume"))), start=start)
    assert at(early, "[shift]") >= 100.0
    late = play(asking((0.15, by("suspend")), (100.0, by("resume"))), start=start)
    assert at(late, "Succeeded") >= 100.0


@pytest.mark.parametrize("course", [Course.FIRST, Course.JUDGED])
def test_who_suspends_a_run_is_not_overruled_by_a_dead_primary_or_none(course: Course) -> None:
    """Whoever wants the canary to serve all the same asks for its promotion."""
    world = seeing(healthy, primary=NONE)
    start = replace(BEGIN, course=course)
    held = play(asking((0.0, by("suspend")), (50.0, by("resume")), world=world), start=start)
    assert at(held, "100") >= 50.0
    hurried = play(asking((0.0, by("suspend")), (50.0, by("promote")), world=world), start=start)
    assert at(hurried, "100") == pytest.approx(50.0, abs=2.0)


def test_time_suspended_does_not_count_as_the_runs() -> None:
    plan = replace(PLAN, max_duration_s=60.0)
    lines = play(asking((5.0, by("suspend")), (200.0, by("resume"))), plan)
    assert "Succeeded" in lines[-1]


def test_who_suspends_a_suspended_run_does_not_take_its_time_away() -> None:
    plan = replace(PLAN, max_duration_s=60.0)
    orders = [(5.0, by("suspend")), (100.0, by("suspend", "bob")), (200.0, by("resume"))]
    lines = play(asking(*orders), plan)
    assert at(lines, "suspended by bob at 10 %") >= 100.0
    assert "Succeeded" in lines[-1]


def test_a_bare_verb_is_obeyed_each_time_that_it_is_written() -> None:
    """Each time the run takes the annotation away."""
    times = [
        (5.0, "suspend"),
        (6.0, ""),
        (30.0, "resume"),
        (31.0, ""),
        (40.0, "suspend"),
        (41.0, ""),
    ]
    lines = play(asking(*times, (300.0, "resume")))
    assert len([line for line in lines if "suspended by somebody at" in line]) == 2
    assert at(lines, "Succeeded") >= 300.0


def test_a_run_that_nobody_resumes_ends_all_the_same() -> None:
    world = asking((5.0, by("suspend")))
    seen = world(BEGIN, Seen(now_s=5.0 + SUSPENDED_AT_MOST_S + 1))
    held = replace(BEGIN, suspended="ann", suspended_s=5.0, obeyed=by("suspend"))
    lines = play(lambda state, _: replace(world(state, seen), now_s=seen.now_s), start=held)
    assert "suspended by ann for 7 days" in lines[-1]


def test_promote_skips_the_steps_that_are_left_and_soaks() -> None:
    lines = play(asking((5.0, by("promote"))))
    assert 5.0 <= at(lines, "100 % to the canary, promoting: promoted by ann") < 7.0
    assert "Soaking" in lines[-2]
    assert float(lines[-1].split()[0]) >= 15.0


def test_promote_before_any_traffic_waits_for_ready_pods_alone() -> None:
    late = seeing(canary=NONE)

    def slow(state: State, seen: Seen) -> Seen:
        return (late if seen.now_s < 20.0 else healthy)(state, seen)

    gates = {HookType.CONFIRM_ROLLOUT: Gate(timeout_s=50.0)}
    plan = replace(PLAN, hooks=frozenset({"confirm-rollout"}), gates=gates)
    lines = play(asking((1.0, by("promote")), world=slow), plan)
    assert 20.0 <= at(lines, "100 % to the canary, promoting: promoted by ann") < 22.0


def test_a_promoted_version_that_fails_is_brought_back() -> None:
    lines = play(asking((5.0, by("promote")), world=failing))
    assert "Failed" in lines[-1]
    assert "at 100 %" in lines[-1]


def test_approve_opens_the_gate_that_holds() -> None:
    closed = HookResult(outcome=Outcome.FAILED, text="confirm: 403")

    def gated(state: State, seen: Seen) -> Seen:
        return replace(healthy(state, seen), hooks={HookType.CONFIRM_PROMOTION: closed})

    gates = {HookType.CONFIRM_PROMOTION: Gate(timeout_s=500.0)}
    plan: Plan = replace(PLAN, hooks=frozenset({"confirm-promotion"}), gates=gates)
    lines = play(asking((60.0, by("approve", "eve")), world=gated), plan)
    assert at(lines, "confirm-promotion was approved by eve") >= 60.0
    assert 60.0 <= at(lines, "Promoting") < 62.0
    assert "Succeeded" in lines[-1]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("dance", "somebody asked for dance: it is none of suspend, resume, abort, promote, "),
        (by("resume"), "ann asked for resume: the run is not suspended"),
        (by("approve"), "ann asked for approve: no gate holds the run"),
        ('{"by": "ann"}', "ann asked for nothing: it is none of"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(text: str, answer: str) -> None:
    lines = play(asking((5.0, text)))
    assert len([line for line in lines if answer in line]) == 1
    assert "Succeeded" in lines[-1]


def test_an_order_for_another_run_is_not_obeyed() -> None:
    assert play(asking((5.0, by("abort", run="r0")))) == play(healthy)


@pytest.mark.parametrize("changes", [{"stop": "interrupted"}, {"foreign": "weights were changed"}])
def test_what_ends_the_run_comes_first(changes: dict[str, str]) -> None:
    def ending(state: State, seen: Seen) -> Seen:
        return replace(healthy(state, seen), **(changes if seen.now_s > 5 else {}))  # type: ignore[arg-type]

    world: Callable[[State, Seen], Seen] = asking((5.0, by("promote")), world=ending)
    assert next(iter(changes.values())) in play(world)[-1]
