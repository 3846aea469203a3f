"""How many pods canary and primary have while a release goes on, on the real cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.e2e.sizes import Ready, Scaling, Size, Wanted, reached
from tests.e2e.waiting import await_
from tests.e2e.world import World

pytestmark = pytest.mark.bed

PROPORTIONAL: dict[str, Any] = {
    "replicas": 4,
    "analysis": {
        "interval": "2s",
        "stepWeights": [10, 25, 50],
        "scaling": "proportional",
        "threshold": 10,  # so that proof comes before failed checks end a bad version
    },
    "soak": "2s",
    "progressDeadlineSeconds": 60,
}
PODS = {10: 1, 25: 2, 50: 3, 100: 4}
# The primary's load wants four pods, the canary's at first one.
AUTOSCALED: dict[str, Any] = {
    "autoscaler": {"minReplicas": 2, "maxReplicas": 6},
    "analysis": {"interval": "4s", "stepWeights": [50], "threshold": 10},
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
        Wanted(world.bed, world.namespace, world.app) as wanted,
        Ready(world.bed, world.namespace) as ready,
    ):
        world.project.up()
        new = world.record().primary
        await_(lambda: _last(wanted.of(new)) == _last(ready.of(new)) == 4, "word of all pods", 60)
        before = 0
        for weight, pods in PODS.items():
            written = weights.await_weight(weight).revision
            assert before < reached(wanted.of(new), pods) < written, f"{weight} %"
            assert reached(ready.of(new), pods) < written, f"{weight} %"
            before = written
        assert max(size.pods for size in wanted.of(new)) == 4
        assert {size.pods for size in wanted.of(old) if size.revision <= before} == {4}
    users.answers().assert_none_failed()
    world.write_testapp("errors", PROPORTIONAL)
    with world.weights() as weights, world.probe(methods=("GET", "POST")) as users:
        result = world.project.up(fails=True)
        after = users.next_answers(20)
    assert "canary requests failed (5xx)" in result.reasons[0]
    (bad,) = world.versions() - {new}
    assert world.object("deployment", f"{world.app}-{bad}")["spec"]["replicas"] == 0
    await_(lambda: not world.pods(bad), "the end of its pods", 60)
    assert world.object("deployment", f"{world.app}-{new}")["spec"]["replicas"] == 4
    assert after.versions() == {"2"}


def test_an_autoscaler_that_wants_one_pod_leaves_the_run_the_four_that_it_needs(
    world: World,
) -> None:
    """The bed has no metrics, so that `Scaling` plays the autoscaler's controller."""
    with (
        Scaling(world) as scaling,
        Wanted(world.bed, world.namespace, world.app) as wanted,
        Ready(world.bed, world.namespace) as ready,
    ):
        world.write_testapp("1", AUTOSCALED)
        world.project.up()
        old = world.record().primary
        scaling.wants[old] = 4
        await_(lambda: _last(ready.of(old)) == 4, "four pods of the primary", 60)
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
        promoted = weights.await_weight(100, 0).revision
        for sizes in (wanted, ready):
            assert reached(sizes.of(new), 4) < shifted.revision
            assert _between(sizes.of(new), shifted.revision, promoted) <= {4}
        assert _between(wanted.of(old), shifted.revision, promoted) <= {4}
        users.answers().assert_none_failed()
        assert _least(world, new) == 2
        await_(lambda: _last(wanted.of(new)) == 2, "what the autoscaler was given back", 60)
        world.write_testapp("errors", AUTOSCALED)
        with world.probe():
            result = world.project.up(fails=True)
        assert "canary requests failed (5xx)" in result.reasons[0]
        (bad,) = world.versions() - {new}
        assert _least(world, new) == 2
        assert world.object("deployment", f"{world.app}-{bad}")["spec"]["replicas"] == 0
        await_(lambda: not world.pods(bad), "the end of its pods", 60)


def _last(sizes: Sequence[Size]) -> int:
    return sizes[-1].pods if sizes else 0


def _between(sizes: Sequence[Size], since: int, until: int) -> set[int]:
    return {size.pods for size in sizes if since <= size.revision <= until}


def _least(world: World, version: str) -> int:
    """A version's least number of pods, as its HorizontalPodAutoscaler says."""
    spec = world.object("horizontalpodautoscaler", f"{world.app}-{version}")["spec"]
    return int(spec["minReplicas"])
