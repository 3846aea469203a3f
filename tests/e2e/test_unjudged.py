"""Releases that cannot be judged, or are not to be: no traffic, no Prometheus, no analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.settings import BETTER, ELSEWHERE, GOOD, merged
from tests.e2e.world import World

pytestmark = pytest.mark.bed

OLD, NEW = "6.9.2", "6.9.2-blue"
PLAN: dict[str, Any] = {"analysis": {"stepWeights": [30, 60]}, "soak": "2s"}
SHORT = merged(PLAN, {"analysis": {"inconclusiveDeadlineSeconds": 4}})
# So long a bake that Prometheus is away before its end.
BEHIND: dict[str, Any] = {"analysis": {"interval": "8s", "stepWeights": [30]}, "soak": "2s"}
BEHIND_SHORT = merged(BEHIND, {"analysis": {"inconclusiveDeadlineSeconds": 4}})


class Door:
    """A Service of one test's own: others need their Prometheus while this one's is away."""

    def __init__(self, world: World) -> None:
        self._bed = world.bed
        self.name = f"prometheus-{world.namespace}"
        self.lead_to("prometheus")

    def lead_to(self, name: str) -> None:
        selector = {"app.kubernetes.io/name": name}
        metadata = {"name": self.name, "namespace": "canary-system"}
        spec = {"selector": selector, "ports": [{"port": 9090}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        self._bed.kubectl("apply", "-f", "-", stdin=json.dumps(body))

    def remove(self) -> None:
        self._bed.kubectl("-n", "canary-system", "delete", "service", self.name)


@pytest.fixture
def door(world: World) -> Iterator[Door]:
    """The way by which the test's stack reaches Prometheus."""
    door = Door(world)
    access = {"service": door.name, "port": 9090}
    world.shared = merged(ELSEWHERE, {"prometheus": {"access": access}})
    yield door
    door.remove()


def test_an_analysis_that_is_skipped_is_one_switch(world: World) -> None:
    world.write(GOOD, PLAN)
    world.project.up()
    world.write(BETTER, {**PLAN, "skipAnalysis": True})
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        result = world.project.up()
    assert "100 % to the canary, promoting: the analysis is skipped" in result.text
    assert weights.steps() == [0, 100, 0]
    switched = weights.await_weight(100, 0).written
    assert users.answers().answered_before(switched).versions() == {OLD}
    assert users.answers().all[-2].who in {NEW, ""}
    users.answers().assert_none_failed()


def test_steps_beyond_the_greatest_weight_are_taken_as_configured(world: World) -> None:
    linear = {"stepWeights": None, "stepWeight": 30, "maxWeight": 50, "stepWeightPromotion": 25}
    plan = {**PLAN, "analysis": linear}  # with its None, which takes the usual stepWeights out
    world.write(GOOD, plan)
    world.project.up()
    world.write(BETTER, plan)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        world.project.up()
    assert weights.steps() == [0, 30, 50, 75, 100, 0]
    users.answers().assert_none_failed()


def test_without_traffic_a_release_is_held_and_then_ended(world: World) -> None:
    world.write(GOOD, SHORT)
    world.project.up()
    primary = world.record().primary
    world.write(BETTER, SHORT)
    with world.weights() as weights:
        result = world.project.up(fails=True)
    (reason,) = result.reasons
    assert "at 30 %: inconclusive for 4 s: " in reason
    assert "held at 30 %: no canary request seen" in result.text
    assert "all traffic is back on " in reason
    assert weights.steps() == [0, 30, 0]
    assert (world.record().primary, world.apex_version()) == (primary, primary)


def test_without_prometheus_a_release_is_held_and_goes_on_when_it_is_back(
    world: World, door: Door
) -> None:
    world.write(GOOD, BEHIND)
    world.project.up()
    world.write(BETTER, BEHIND)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(30)
        door.lead_to("nobody")
        running.await_text("held at 30 %: ", 60)
        assert weights.steps() == [0, 30], "a weight rose that nobody judged"
        door.lead_to("prometheus")
        result = running.finish()
    assert result.code == 0, result.text
    assert weights.steps() == [0, 30, 100, 0]
    users.answers().assert_none_failed()


def test_without_prometheus_for_long_a_release_is_ended(world: World, door: Door) -> None:
    world.write(GOOD, BEHIND_SHORT)
    world.project.up()
    world.write(BETTER, BEHIND_SHORT)
    with world.probe() as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(30)
        door.lead_to("nobody")
        result = running.finish()
    assert result.code != 0
    (reason,) = result.reasons
    assert "at 30 %: inconclusive for 4 s: " in reason
    assert "Prometheus" in reason
    assert weights.steps() == [0, 30, 0]
    users.answers().assert_none_failed()
