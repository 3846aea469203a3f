"""Whole runs while samples are lost: Prometheus begins anew, scrapes fail, Traefik restarts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from canary.core.plan import Terms
from canary.core.seen import Series
from canary.engine.lookout import WINDOW_S
from canary.engine.scrapes import SPARE_SCRAPES
from tests.core.timeline import PLAN
from tests.engine.world import BAD, GOOD, NEW, OLD, World
from tests.fakes.metrics import FakeMetrics
from tests.fakes.traffic import Behaviour, Traffic

LONG = replace(PLAN, weights=(10, 50), interval_s=20.0, soak_s=20.0, evidence=Terms())
MIDWAY_S = 75.0  # within the first bake
LOSSES = {
    "prometheus begins anew": Traffic(outages=((MIDWAY_S, MIDWAY_S + 4),), forgetful=True),
    "it is away for several scrapes": Traffic(outages=((MIDWAY_S, MIDWAY_S + 16),), forgetful=True),
    "scrapes are lost": Traffic(outages=((MIDWAY_S, MIDWAY_S + 12),)),
    "traefik restarts": Traffic(restarts=(MIDWAY_S, MIDWAY_S + 21)),
    "so do replicas": Traffic(targets=("a:1", "b:1", "c:1"), restarts=(MIDWAY_S, MIDWAY_S + 21)),
}
losses = pytest.mark.parametrize("traffic", LOSSES.values(), ids=LOSSES)


def sent(world: World, version: str) -> int:
    """How many requests Traefik sent to a version, whatever became of its counters."""
    return sum(replica.sent[version] for replica in world.metrics.replicas)


@losses
def test_a_good_version_is_promoted_and_nothing_is_counted_twice(traffic: Traffic) -> None:
    world = World(traffic=traffic)
    assert world.outcome(LONG) == "Succeeded"
    counted = sum(step.canary_requests for step in world.report.steps)
    assert 0 < counted <= sent(world, NEW)
    verdicts = [text for step in world.report.steps for text in step.verdicts]
    assert all("100 %" in text for text in verdicts if text.startswith("request-success-rate"))


@losses
@pytest.mark.parametrize("bad", [BAD, Behaviour(errors=0.5, since_s=MIDWAY_S + 30)])
def test_a_bad_version_is_rolled_back_all_the_same(traffic: Traffic, bad: Behaviour) -> None:
    world = World(new=bad, traffic=traffic)
    assert "canary requests failed" in world.outcome(LONG)
    assert world.routed == {OLD: 100}


def asked(world: World) -> list[float]:
    """How far back each question to Prometheus reaches, from now on."""
    reaches: list[float] = []

    class Watching(FakeMetrics):
        def samples(self, versions: Mapping[str, str], window_s: float) -> Sequence[Series]:
            reaches.append(window_s)
            return super().samples(versions, window_s)

    world.metrics.__class__ = Watching
    return reaches


def test_what_was_counted_is_not_asked_for_again_but_for_two_scrapes() -> None:
    world = World()
    reaches = asked(world)
    assert world.outcome(LONG) == "Succeeded"
    assert reaches[0] == WINDOW_S
    assert max(reaches[2:]) <= 4 * LONG.scrape_s


@losses
@pytest.mark.parametrize("new", [GOOD, BAD], ids=["good", "bad"])
def test_to_read_everything_anew_tells_no_more(
    traffic: Traffic, new: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for spare_scrapes in (SPARE_SCRAPES, 1000):
        monkeypatch.setattr("canary.engine.scrapes.SPARE_SCRAPES", spare_scrapes)
        world = World(new=new, traffic=traffic)
        reaches = asked(world)
        told.append((world.outcome(LONG), world.report))
    assert set(reaches) == {WINDOW_S}
    assert told[0] == told[1]
