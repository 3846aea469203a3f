"""What counts releases' requests moves to other pods while they are judged.

A part of `make blows`. One at a time: every run on the bed feels it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.settings import BETTER, GOOD, PODINFO, merged, podinfo
from tests.e2e.world import World

pytestmark = [pytest.mark.bed, pytest.mark.timeout(420)]

ERRORS = f"{PODINFO}:6.9.2-errors"
NEW = "6.9.2-blue"
SOUND, BROKEN = "sound", "broken"
# So long a bake that what was replaced is back before its end; no proof ends it sooner.
PATIENT: dict[str, Any] = {
    "analysis": {"interval": "20s", "stepWeights": [50], "evidence": {"enabled": False}},
    "soak": "5s",
    "progressDeadlineSeconds": 60,
}
COUNTS = {
    "Prometheus, whose history is gone": ("canary-system", "prometheus"),
    "one of Traefik's replicas": ("traefik", "traefik"),
}


@pytest.mark.parametrize(("namespace", "name"), COUNTS.values(), ids=COUNTS)
def test_the_good_release_is_promoted_nothing_counted_twice_and_the_bad_one_rolled_back(
    world: World, namespace: str, name: str
) -> None:
    _configure(world, sound=GOOD, broken=GOOD)
    world.project.up()
    _configure(world, sound=BETTER, broken=ERRORS)
    users = {app: world.probe(host=_host(world, app)) for app in (SOUND, BROKEN)}
    with (
        users[SOUND],
        users[BROKEN],
        world.weights(SOUND) as promoted,
        world.weights(BROKEN) as restored,
    ):
        running = world.project.start_up()
        promoted.await_weight(50)
        restored.await_weight(50)
        _replace_one(world, namespace, name)
        result = running.finish()
    (reason,) = result.reasons
    assert "at 50 %: request-success-rate " in reason
    assert "(2 of 2 failed checks); all traffic is back on " in reason
    assert restored.steps() == [0, 50, 0]
    assert promoted.steps() == [0, 50, 100, 0]
    met = users[SOUND].answers().where(lambda answer: answer.who == NEW)
    assert 0 < _counted(world) <= len(met)


def _configure(world: World, **images: str) -> None:
    world.write_apps(
        {
            app: merged(podinfo(image, world.namespace, _host(world, app)), PATIENT)
            for app, image in images.items()
        }
    )


def _host(world: World, app: str) -> str:
    return f"{app}.{world.host}"


def _replace_one(world: World, namespace: str, name: str) -> None:
    """Delete a pod; its Deployment makes another, with an empty directory and counters at zero."""
    selector = f"app.kubernetes.io/name={name}"
    first = "jsonpath={.items[0].metadata.name}"
    pod = world.bed.kubectl("-n", namespace, "get", "pods", "-l", selector, "-o", first)
    world.bed.kubectl("-n", namespace, "delete", "pod", pod, "--wait=false")


def _counted(world: World) -> int:
    """How many of the promoted canary's requests its report says were judged."""
    (report,) = [
        found
        for path in world.project.reports.glob("*.json")
        if (found := json.loads(path.read_text()))["to_image"] == BETTER
    ]
    return sum(step["canary_requests"] for step in report["steps"])
