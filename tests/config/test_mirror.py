"""Mirroring: only where the user said that requests may be sent twice."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S
from canary.planning import describe, plan_of
from tests.config.samples import loaded, problems, stack

AT = "canary:apps.podinfo.analysis"


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        ({"analysis": {"mirror": True}}, f"{AT}.mirror: sends requests twice, POST too"),
        ({"analysis": {"mirrorWeight": 5}}, f"{AT}.mirrorWeight: is for mirror: true"),
        (
            {"safeToRepeat": True, "analysis": {"mirror": True, "mirrorWeight": 0}},
            f"{AT}.mirrorWeight: must be at least 1, not 0",
        ),
        (
            {"safeToRepeat": True, "analysis": {"mirror": "yes"}},
            f"{AT}.mirror: must be true or false",
        ),
        (
            {"safeToRepeat": True, "analysis": {"mirror": True}, "maxDuration": "110s"},
            "canary:apps.podinfo.maxDuration: 1m50s is less than the steps take, 2m",
        ),
    ],
)
def test_what_may_not_be_sent_twice_is_not(app: dict[str, Any], problem: str) -> None:
    (found,) = problems(stack(app))
    assert found.startswith(problem), found


@pytest.mark.parametrize(("raw", "percent"), [({}, 100), ({"mirrorWeight": 30}, 30)])
def test_the_plan_begins_with_a_bake_of_copies(raw: dict[str, Any], percent: int) -> None:
    analysis = {"mirror": True, **raw}
    app = loaded({"safeToRepeat": True, "analysis": analysis}).apps["podinfo"]
    plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    plain = plan_of(loaded().apps["podinfo"], scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    assert plan.mirror_percent == percent
    assert plan.shortest_s == plain.shortest_s + plan.interval_s
    assert plan.max_duration_s > plain.max_duration_s
    text = "\n".join(describe("podinfo", app, plan).lines)
    assert f"mirror: before the first weight, copies of {percent} % of the requests" in text
