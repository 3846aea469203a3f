"""Releases judged by queries of the user's own, which the real Prometheus answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.settings import BETTER, GOOD
from tests.e2e.world import World

pytestmark = pytest.mark.bed

# What Traefik counted for the version under test: the label's parts are the peer's variables.
SERVED = (
    "sum(traefik_service_requests_total"
    '{service=~"{{ namespace }}-{{ target }}-[0-9]+@kubernetescrd",code="{{ variables.code }}"})'
)


def _plan(bounds: dict[str, float]) -> dict[str, Any]:
    served = {
        "name": "canary-requests",
        "templateRef": {"name": "served"},
        "templateVariables": {"code": "200"},
        "thresholdRange": bounds,
    }
    return {
        "analysis": {
            "stepWeights": [50],
            "metrics": [
                {"name": "request-success-rate", "thresholdRange": {"min": 99}},
                served,
                {"name": "answer", "query": "vector(42)", "reportOnly": True},
            ],
        },
        "soak": "2s",
    }


def _write(world: World, image: str, bounds: dict[str, float]) -> None:
    world.shared["metricTemplates"] = {"served": {"query": SERVED}}
    world.write(image, _plan(bounds))


def test_a_value_within_its_range_lets_a_release_go_on(world: World) -> None:
    _write(world, GOOD, {"min": 1})
    world.project.up()
    _write(world, BETTER, {"min": 1})
    preview = world.project.preview()
    assert "check canary-requests: min 1" in preview.text
    assert "metric answer: no bounds, reported and not judged" in preview.text
    with world.probe() as users, world.weights() as weights:
        result = world.project.up()
    assert weights.steps() == [0, 50, 100, 0]
    assert ", canary-requests " in result.text
    (report,) = [
        found
        for path in world.project.reports.glob("*.json")
        if (found := json.loads(path.read_text()))["to_image"] == BETTER
    ]
    for step in report["steps"]:
        assert any("canary-requests is " in text for text in step["verdicts"])
        assert any(text.startswith("answer") for text in step["verdicts"])
    # What decides nothing is not waited for: one bake may end before it was answered.
    assert any("answer is 42 (not judged)" in step["verdicts"] for step in report["steps"])
    users.answers().assert_none_failed()


def test_a_value_out_of_range_brings_everything_back(world: World) -> None:
    _write(world, GOOD, {"max": 0})
    world.project.up()
    _write(world, BETTER, {"max": 0})
    with world.probe() as users, world.weights() as weights:
        result = world.project.up(fails=True)
    (reason,) = result.reasons
    assert "at 50 %: canary-requests is " in reason
    assert "(max 0) (2 of 2 failed checks); all traffic is back on " in reason
    assert weights.steps() == [0, 50, 0]
    users.answers().assert_none_failed()


def test_what_cannot_be_asked_is_refused_before_anything_is_touched(world: World) -> None:
    world.shared["metricTemplates"] = {"served": {"query": "sum({{ pod }})"}}
    world.write(GOOD, _plan({"min": 3, "max": 2}))
    result = world.project.preview(fails=True)
    assert "canary:metricTemplates.served.query: “pod” is no variable" in result.text
    at = "canary:apps.podinfo.analysis.metrics[1].thresholdRange"
    assert f"{at}: min 3 is over max 2" in result.text
