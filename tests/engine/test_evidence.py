"""Evidence in whole runs: a bad version is gone in seconds, a good one is never stopped by it."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from canary.core.counts import Increment, Poll
from canary.core.plan import Plan, Terms
from canary.core.seen import Kind, Side
from canary.engine.scrapes import SCRAPE_TAKES_S, Scrapes
from canary.errors import MetricsError
from tests.core.timeline import PLAN
from tests.engine.world import BAD, GOOD, NEW, OLD, SLOW, World
from tests.fakes.traffic import Behaviour, Traffic

# The peer's tutorial: 5 % more every ten seconds, twenty requests/s, a scrape every five seconds.
TUTORIAL = replace(PLAN, weights=tuple(range(5, 51, 5)), threshold=10, evidence=Terms())
PODINFO = Behaviour(errors=0.11, not_found=0.22)  # its --random-error


def exposed_s(world: World) -> float:
    """From the canary's first traffic until it had none any more."""
    began_s = next(at_s for at_s, weights in world.history if NEW in weights)
    gone = (at_s for at_s, weights in world.history if at_s > began_s and NEW not in weights)
    return next(gone) - began_s


def rejected_after(new: Behaviour, *, runs: int, plan: Plan = TUTORIAL) -> list[float]:
    seconds = []
    for seed in range(runs):
        world = World(new=new, seed=seed)
        assert world.outcome(plan).startswith("Rejected")
        assert world.routed == {OLD: 100}
        seconds.append(exposed_s(world))
    return seconds


@pytest.mark.parametrize(
    ("new", "median_s", "most_s"),
    [
        (BAD, 6.0, 9.0),
        (Behaviour(not_found=1.0), 6.0, 9.0),
        (SLOW, 8.5, 11.0),
        (Behaviour(errors=1 / 3), 12.0, 40.0),
        (PODINFO, 12.0, 40.0),
    ],
)
def test_a_bad_version_is_gone_in_seconds(new: Behaviour, median_s: float, most_s: float) -> None:
    seconds = rejected_after(new, runs=25)
    assert median(seconds) <= median_s
    assert max(seconds) <= most_s


def test_why_is_said_in_the_one_line() -> None:
    text = World(new=Behaviour(not_found=1.0), seed=3).outcome(TUTORIAL)
    assert text.startswith("Rejected: podinfo:b: at 5 %: ")
    assert "canary requests failed (4xx) while 0 of " in text
    assert "on the primary: chance does that less than once in " in text
    assert text.endswith("releases; all traffic is back on podinfo:a after 0.1 s")


@pytest.mark.parametrize("old", [GOOD, Behaviour(errors=0.004, not_found=0.05)])
def test_a_good_version_is_not_stopped(old: Behaviour) -> None:
    for seed in range(15):
        assert World(new=old, old=old, seed=seed).outcome(TUTORIAL) == "Succeeded", seed


def test_without_evidence_the_same_version_stays_longer() -> None:
    plan = replace(TUTORIAL, evidence=None, threshold=2)
    assert median(rejected_after(BAD, runs=5, plan=plan)) > 15.0


def test_an_outage_that_both_versions_share_is_not_held_against_the_canary() -> None:
    down = Behaviour(errors=0.5, since_s=70.0)
    text = World(new=down, old=down).outcome(TUTORIAL)
    assert "inconclusive for 30 s: primary breaches too" in text


def test_in_the_soak_the_bound_alone_convicts() -> None:
    plan = replace(TUTORIAL, weights=(50,), soak_s=30.0)
    world = World(new=Behaviour(errors=0.5, since_s=77.0))
    text = world.outcome(plan)
    assert text.startswith("Rejected: podinfo:b: at 100 %: ")
    assert "canary requests failed (5xx), where 1 % may: chance does that less than" in text


def test_a_canary_that_is_slow_while_it_warms_up_is_let_be() -> None:
    plan = replace(TUTORIAL, warm_up_s=20.0)
    world = World(new=SLOW, seed=1)
    world.at(15.0, lambda: _behave(world))
    assert world.outcome(plan) == "Succeeded"
    assert "took longer than 500 ms" in World(new=SLOW, seed=1).outcome(plan)


def _behave(world: World) -> None:
    """From now on nothing is wrong with the canary."""
    for replica in world.metrics.replicas:
        replica.behaviours = {OLD: GOOD, NEW: GOOD}


def test_what_is_not_judged_is_not_convicted() -> None:
    world = World(new=BAD)
    assert world.outcome(replace(TUTORIAL, skip_analysis=True)) == "Succeeded"


def test_evidence_begins_when_prometheus_is_there() -> None:
    world = World(new=BAD, traffic=Traffic(outages=((60.0, 70.0),)))
    text = world.outcome(TUTORIAL)
    assert "canary requests failed (5xx) while 0 of" in text
    assert exposed_s(world) < 20.0


def test_a_run_that_was_before_is_not_counted() -> None:
    """The same version is released again at once, and nothing is wrong with it this time."""
    world = World(new=BAD)
    assert world.outcome(TUTORIAL).startswith("Rejected")
    _behave(world)
    assert world.outcome(TUTORIAL, run="r2") == "Succeeded"


def test_prometheus_is_asked_right_after_scrapes_and_hardly_more_often() -> None:
    world = World()
    asked: list[float] = []
    samples = world.metrics.samples

    def counted(*args: object, **kwargs: object) -> object:
        asked.append(world.clock.now_s())
        return samples(*args, **kwargs)  # type: ignore[arg-type]

    world.metrics.samples = counted  # type: ignore[assignment,method-assign]
    assert world.outcome(TUTORIAL) == "Succeeded"
    first, last = asked[0], asked[-1]
    at_begin_and_end = 2 * (len(TUTORIAL.weights) + 1)
    assert len(asked) <= (last - first) / PLAN.scrape_s + at_begin_and_end + 2
    offset_s = world.metrics.replicas[0].scrapes[-1].at_s % PLAN.scrape_s
    fresh = [at_s for at_s in asked if (at_s - offset_s) % PLAN.scrape_s <= SCRAPE_TAKES_S + 1.1]
    assert len(fresh) >= (last - first) / PLAN.scrape_s - 1


def test_a_target_that_misses_its_turn_is_not_waited_for() -> None:
    scrapes = Scrapes(every_s=5.0, offset_s=100.0)
    scrapes.note(_scraped(a=104.0, b=106.0), now_s=6.5)
    assert scrapes.next_s == pytest.approx(9.0 + SCRAPE_TAKES_S)
    scrapes.note(_scraped(b=111.0), now_s=11.5)
    assert scrapes.next_s == pytest.approx(16.0 + SCRAPE_TAKES_S), "a is late"
    scrapes.note(Poll(), now_s=17.0)
    assert scrapes.next_s == float("inf"), "both are late: the usual rhythm is enough"


def _scraped(**ends_s: float) -> Poll:
    rows = [
        Increment(
            side=Side.PRIMARY,
            kind=Kind.RELOADS,
            target=target,
            start_s=end_s - 5.0,
            end_s=end_s,
            amount=0,
        )
        for target, end_s in ends_s.items()
    ]
    return Poll(increments=tuple(rows), newest_s=max(ends_s.values()))


def test_a_wrong_prometheus_is_told_with_evidence_too() -> None:
    world = World()

    def wrong() -> float:
        raise MetricsError("it answers HTML")

    world.metrics.now_s = wrong  # type: ignore[method-assign]
    assert "it answers HTML" in world.outcome(TUTORIAL)


def test_what_is_only_reported_is_no_evidence_and_is_in_the_report() -> None:
    told = replace(PLAN.checks[0], report_only=True)
    world = World(new=BAD)
    plan = replace(PLAN, checks=(told, PLAN.checks[1]), evidence=Terms())
    assert world.outcome(plan) == "Succeeded"
    for step in world.report.steps:
        assert step.verdicts[0].startswith("request-success-rate 0.0 % of ")
        assert step.verdicts[0].endswith(" (breached, not judged)")
    lines = [text for text in world.journal.transcript if " (not judged), P99 " in text]
    assert len(lines) == len(world.report.steps)


def test_a_canary_that_was_killed_while_it_failed_is_named_so() -> None:
    """Its requests tell of it before a second container has ended."""
    world = World(new=BAD)
    oom = "container podinfo exited once with code 137 OOMKilled"

    def kill() -> None:
        canary = world.fleet.versions[NEW]
        canary.exits, canary.trouble = 1, oom

    world.at(3.5, kill)
    text = world.outcome(TUTORIAL)
    assert f": {oom}; all traffic is back on podinfo:a after " in text
    assert "chance does that less than once in " in text
