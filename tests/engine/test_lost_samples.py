"""Whole runs while samples are lost: Prometheus begins anew, scrapes fail, Traefik restarts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary.core.plan import Terms
from tests.core.timeline import PLAN
from tests.engine.world import BAD, NEW, OLD, World
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
