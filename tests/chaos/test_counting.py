"""What counts a release's requests moves to other pods while it is judged.

A part of `make blows`. One at a time: every run on the bed feels it.
"""

from __future__ import annotations

import json

import pytest

from tests.e2e.settings import BETTER, GOOD, PODINFO
from tests.e2e.world import World

pytestmark = [pytest.mark.bed, pytest.mark.timeout(420)]

ERRORS = f"{PODINFO}:6.9.2-errors"
NEW = "6.9.2-blue"
# So long a bake that what was replaced is back before its end; no proof ends it sooner.
PATIENT = {
    "analysis": {"interval": "20s", "stepWeights": [50], "evidence": {"enabled": False}},
    "soak": "5s",
    "progressDeadlineSeconds": 60,
}
COUNTS = {
    "Prometheus, whose history is gone": ("canary-system", "prometheus"),
    "one of Traefik's replicas": ("traefik", "traefik"),
}
moved = pytest.mark.parametrize(("namespace", "name"), COUNTS.values(), ids=COUNTS)


def _replace_one(world: World, namespace: str, name: str) -> None:
    """Delete a pod; its Deployment makes another, with an empty directory and counters at zero."""
    selector = f"app.kubernetes.io/name={name}"
    first = "jsonpath={.items[0].metadata.name}"
    pod = world.bed.kubectl("-n", namespace, "get", "pods", "-l", selector, "-o", first)
    world.bed.kubectl("-n", namespace, "delete", "pod", pod, "--wait=false")


@moved
def test_a_good_release_is_promoted_and_nothing_is_counted_twice(
    world: World, namespace: str, name: str
) -> None:
    world.write(GOOD, PATIENT)
    world.project.up()
    world.write(BETTER, PATIENT)
    with world.probe() as users, world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(50, 60)
        _replace_one(world, namespace, name)
        result = running.finish()
    assert result.code == 0, result.text
    assert weights.steps() == [0, 50, 100, 0]
    (report,) = [
        found
        for path in world.project.reports.glob("*.json")
        if (found := json.loads(path.read_text()))["to_image"] == BETTER
    ]
    counted = sum(step["canary_requests"] for step in report["steps"])
    assert 0 < counted <= len(users.answers().where(lambda answer: answer.who == NEW))


@moved
def test_a_bad_release_is_rolled_back_all_the_same(world: World, namespace: str, name: str) -> None:
    world.write(GOOD, PATIENT)
    world.project.up()
    world.write(ERRORS, PATIENT)
    with world.probe(), world.weights() as weights:
        running = world.project.start_up()
        weights.await_weight(50, 60)
        _replace_one(world, namespace, name)
        result = running.finish()
    (reason,) = result.reasons
    assert "at 50 %: request-success-rate " in reason
    assert "(2 of 2 failed checks); all traffic is back on " in reason
    assert weights.steps() == [0, 50, 0]
