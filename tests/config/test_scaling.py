"""How many pods a canary gets when: what is accepted, and what the preview says of it."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S
from canary.core.plan import Plan
from canary.planning import describe, plan_of
from tests.config.samples import loaded, problems, stack

AT = "canary:apps.podinfo.analysis"
SCALER = {"minReplicas": 4, "maxReplicas": 9}


def _plan(raw: dict[str, Any]) -> Plan:
    app = loaded(raw).apps["podinfo"]
    return plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)


@pytest.mark.parametrize(
    ("analysis", "problem"),
    [
        ({"scaling": "half"}, f"{AT}.scaling: must be full or proportional"),
        ({"scalingHeadroom": 20}, f"{AT}.scalingHeadroom: is for scaling: proportional"),
        (
            {"scaling": "proportional", "scalingHeadroom": -1},
            f"{AT}.scalingHeadroom: must be at least 0, not -1",
        ),
    ],
)
def test_what_means_nothing_is_refused(analysis: dict[str, Any], problem: str) -> None:
    (found,) = problems(stack({"analysis": analysis}))
    assert found.startswith(problem), found


def test_it_reaches_the_plan() -> None:
    plain = _plan({})
    assert not plain.proportional
    assert plain.most_replicas == 0
    plan = _plan(
        {"autoscaler": SCALER, "analysis": {"scaling": "proportional", "scalingHeadroom": 20}}
    )
    assert plan.proportional
    assert (plan.replicas, plan.most_replicas, plan.headroom_percent) == (4, 9, 20)
    assert plan.max_duration_s - _plan({"autoscaler": SCALER}).max_duration_s == 10 * 600


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ({"replicas": 4}, "4 before the first request"),
        ({"replicas": 1, "analysis": {"scaling": "proportional"}}, "1 before the first request"),
        (
            {"replicas": 4, "analysis": {"scaling": "proportional"}},
            "1 at 5 %, 2 at 20 %, 3 at 35 %, 4 before 100 %",
        ),
        (
            {"replicas": 4, "analysis": {"scaling": "proportional", "scalingHeadroom": 0}},
            "1 at 5 %, 2 at 30 %, 4 before 100 %",
        ),
        (
            {"replicas": 4, "analysis": {"scaling": "proportional", "iterations": 3}},
            "1 for iterations, 4 before 100 %",
        ),
        (
            {
                "replicas": 4,
                "safeToRepeat": True,
                "analysis": {"scaling": "proportional", "mirror": True, "mirrorWeight": 50},
            },
            "3 for copies, 4 before 100 %",
        ),
        (
            {"autoscaler": SCALER},
            "4 before the first request; more where the autoscaler gave the primary more, up to 9",
        ),
    ],
)
def test_the_preview_says_how_many_pods_there_will_be(raw: dict[str, Any], line: str) -> None:
    app = loaded(raw).apps["podinfo"]
    assert f"  pods of the canary: {line}" in describe("podinfo", app, _plan(raw)).lines
