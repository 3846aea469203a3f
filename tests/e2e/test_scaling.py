"""How many pods canary and primary have while a release goes on, on the real cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.sizes import Scaling, Sizes
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

PROPORTIONAL: dict[str, Any] = {
    "replicas": 4,
    "analysis": {"interval": "2s", "stepWeights": [10, 25, 50], "scaling": "proportional"},
    "soak": "2s",
    "progressDeadlineSeconds": 60,
}
PODS = {10: 1, 25: 2, 50: 3, 100: 4}
LAG_S = 1.0  # a Deployment tells later than its pods that they are ready, and watches are two
# The primary's load wants four pods, the canary's at first one.
AUTOSCALED: dict[str, Any] = {
    "autoscaler": {"minReplicas": 2, "maxReplicas": 6},
    "analysis": {"interval": "4s", "stepWeights": [50]},
    "soak": "2s",
    "progressDeadlineSeconds": 60,
}


def test_the_canary_has_the_pods_of_each_weight_before_it_and_none_after_a_rollback(
    world: World,
) -> None:
    world.write_testapp("1", PROPORTIONAL)
    world.project.up()
    old = world.record().primary
    world.write_testapp("2", PROPORTIONAL)
    preview = world.project.preview().text
    line = "pods of the canary: 1 at 10 %, 2 at 25 %, 3 at 50 %, 4 before 100 %"
    assert line in preview
    with (
        world.probe(methods=("GET", "POST")) as users,
        world.weights() as weights,
        Sizes(world.bed, world.namespace, world.app) as sizes,
    ):
        world.project.up()
        new = world.record().primary
        before = 0.0
        for weight, pods in PODS.items():
            written = weights.await_weight(weight, 0).at
            assert before - LAG_S < sizes.reached(new, pods) < written, f"{weight} %"
            assert sizes.reached(new, pods, ready=True) < written + LAG_S, f"{weight} %"
            before = written
        assert max(size.wanted for size in sizes.of(new)) == 4
        promoted = weights.await_weight(100, 0).at
        assert {size.wanted for size in sizes.of(old) if size.at <= promoted} == {4}
    users.answers().assert_none_failed()
    world.write_testapp("errors", PROPORTIONAL)
    with world.weights() as weights, world.probe(methods=("GET", "POST")) as users:
        result = world.project.up(fails=True)
    assert "canary requests failed (5xx)" in result.reasons[0]
    (bad,) = world.versions() - {new}
    assert world.object("deployment", f"{world.app}-{bad}")["spec"]["replicas"] == 0
    await_(lambda: not world.pods(bad), "the end of its pods", 30)
    assert world.object("deployment", f"{world.app}-{new}")["spec"]["replicas"] == 4
    assert users.answers().all[-1].who == "2"


def test_an_autoscaler_that_wants_one_pod_leaves_the_run_the_four_that_it_needs(
    world: World,
) -> None:
    """The bed has no metrics, so that `Scaling` plays the autoscaler's controller."""
    with Scaling(world) as scaling, Sizes(world.bed, world.namespace, world.app) as sizes:
        world.write_testapp("1", AUTOSCALED)
        world.project.up()
        old = world.record().primary
        scaling.wants[old] = 4
        await_(lambda: sizes.of(old)[-1].ready == 4, "four pods of the primary", 60)
        world.write_testapp("2", AUTOSCALED)
        preview = world.project.preview().text
        assert "more where the autoscaler gave the primary more, up to 6" in preview
        with world.probe(methods=("GET", "POST")) as users, world.weights() as weights:
            running = world.project.start_up()
            shifted = weights.await_weight(50)
            scaling.wants[old] = 1  # half of its load has left it
            (new,) = {change for change in shifted.members if change != old}
            assert _least(world, new) == _least(world, old) == 4
            running.finish()
        promoted = weights.await_weight(100, 0).at
        assert sizes.reached(new, 4, ready=True) < shifted.at + LAG_S
        during = [size for size in sizes.of(new) if shifted.at + LAG_S <= size.at <= promoted]
        assert all(size.wanted == size.ready == 4 for size in during), during
        assert {s.wanted for s in sizes.of(old) if shifted.at <= s.at <= promoted} <= {4}
        users.answers().assert_none_failed()
        assert _least(world, new) == 2
        await_(lambda: sizes.of(new)[-1].wanted == 2, "what the autoscaler was given back", 30)
        world.write_testapp("errors", AUTOSCALED)
        with world.probe():
            result = world.project.up(fails=True)
        assert "canary requests failed (5xx)" in result.reasons[0]
        (bad,) = world.versions() - {new}
        assert _least(world, new) == 2
        assert world.object("deployment", f"{world.app}-{bad}")["spec"]["replicas"] == 0
        await_(lambda: not world.pods(bad), "the end of its pods", 30)


def _least(world: World, version: str) -> int:
    """A version's least number of pods, as its HorizontalPodAutoscaler says."""
    spec = world.object("horizontalpodautoscaler", f"{world.app}-{version}")["spec"]
    return int(spec["minReplicas"])
