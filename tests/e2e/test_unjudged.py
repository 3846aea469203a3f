"""Releases that cannot be judged, or are not to be: no traffic, no Prometheus, no analysis."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.settings import BETTER, ELSEWHERE, GOOD, merged
from tests.e2e.world import World

pytestmark = pytest.mark.bed

OLD, NEW = "6.9.2", "6.9.2-blue"
PLAN: dict[str, Any] = {"analysis": {"stepWeights": [30, 60]}, "soak": "2s"}
SHORT = merged(PLAN, {"analysis": {"inconclusiveDeadlineSeconds": 4}})
WAY_IN = "prometheus-way-in"


def test_an_analysis_that_is_skipped_is_one_switch(world: World) -> None:
    world.write(GOOD, PLAN)
    world.project.up()
    world.write(BETTER, {**PLAN, "skipAnalysis": True})
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        result = world.project.up()
    assert "100 % to the canary, promoting: the analysis is skipped" in result.text
    assert weights.steps() == [0, 100, 0]
    switched = weights.await_weight(100, 0).at
    assert users.answers().between(0, switched - 0.5).versions() == {OLD}
    assert users.answers().all[-2].who in {NEW, ""}
    assert not len(users.answers().failed()), users.answers().failed()


def test_steps_beyond_the_greatest_weight_are_taken_as_configured(world: World) -> None:
    linear = {"stepWeights": None, "stepWeight": 30, "maxWeight": 50, "stepWeightPromotion": 25}
    plan = merged(PLAN, {"analysis": linear})
    world.write(GOOD, plan)
    world.project.up()
    world.write(BETTER, plan)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        world.project.up()
    assert weights.steps() == [0, 30, 50, 75, 100, 0]
    assert not len(users.answers().failed()), users.answers().failed()


def test_without_traffic_a_release_is_held_and_then_ended(world: World) -> None:
    world.write(GOOD, SHORT)
    world.project.up()
    primary = world.record().primary
    world.write(BETTER, SHORT)
    with world.weights() as weights:
        result = world.project.up(fails=True)
    (reason,) = result.reasons
    assert "at 30 %: inconclusive for 4 s: " in reason
    assert "no requests" in reason or "0 of" in reason or "0 requests" in reason
    assert "all traffic is back on " in reason
    assert weights.steps() == [0, 30, 0]
    assert (world.record().primary, world.apex_version()) == (primary, primary)


def test_without_prometheus_a_release_is_held_and_goes_on_when_it_is_back(world: World) -> None:
    _through_a_door(world)
    world.write(GOOD, PLAN)
    _make_door(world)
    world.project.up()
    world.write(BETTER, PLAN)
    with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(30, 60)
        _shut_door(world)
        running.await_text("held at 30 %: ", 30)
        assert weights.steps() == [0, 30], "a weight rose that nobody judged"
        _open_door(world)
        result = running.finish()
    assert result.code == 0, result.text
    assert weights.steps() == [0, 30, 60, 100, 0]
    assert not len(users.answers().failed()), users.answers().failed()


def test_without_prometheus_for_long_a_release_is_ended(world: World) -> None:
    _through_a_door(world)
    world.write(GOOD, SHORT)
    _make_door(world)
    world.project.up()
    world.write(BETTER, SHORT)
    with world.probe() as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(30, 60)
        _shut_door(world)
        result = running.finish()
    assert result.code != 0
    (reason,) = result.reasons
    assert "at 30 %: inconclusive for 4 s: Prometheus" in reason
    assert weights.steps() == [0, 30, 0]
    assert not len(users.answers().failed()), users.answers().failed()


def _through_a_door(world: World) -> None:
    """Prometheus by a Service of this test's own: others need theirs while this one is away."""
    access = {"namespace": "default", "service": f"{WAY_IN}-{world.namespace}", "port": 9090}
    world.shared = merged(ELSEWHERE, {"prometheus": {"access": access}})


def _make_door(world: World) -> None:
    spec = {"ports": [{"name": "http", "port": 9090}]}
    _apply(world, {"apiVersion": "v1", "kind": "Service", "spec": spec})
    _open_door(world)


def _open_door(world: World) -> None:
    get = ("-n", "canary-system", "get", "pods", "-l", "app.kubernetes.io/name=prometheus")
    address = world.bed.kubectl(*get, "-o", "jsonpath={.items[0].status.podIP}")
    subset = {
        "addresses": [{"ip": address}],
        "ports": [{"name": "http", "port": 9090, "protocol": "TCP"}],
    }
    _apply(world, {"apiVersion": "v1", "kind": "Endpoints", "subsets": [subset]})


def _shut_door(world: World) -> None:
    _apply(world, {"apiVersion": "v1", "kind": "Endpoints", "subsets": []})


def _apply(world: World, body: dict[str, Any]) -> None:
    metadata = {"name": f"{WAY_IN}-{world.namespace}", "namespace": "default"}
    world.bed.kubectl("apply", "-f", "-", stdin=json.dumps({**body, "metadata": metadata}))
