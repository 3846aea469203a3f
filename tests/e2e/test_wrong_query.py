"""Queries that can never be answered, and metrics that are only reported; Prometheus is real."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.settings import BETTER, GOOD, PODINFO
from tests.e2e.world import World

pytestmark = pytest.mark.bed

ERRORS = f"{PODINFO}:6.9.2-errors"  # a third of its answers are 4xx and 5xx
SUCCESS: dict[str, Any] = {"name": "request-success-rate", "thresholdRange": {"min": 99}}
WRONG: dict[str, Any] = {
    "name": "orders",
    "query": "sum(rate(orders_total[1m])",
    "thresholdRange": {"min": 1},
}
# Nothing while there is no version to count, and then a series for each edge of the histogram.
SEVERAL: dict[str, Any] = {
    "name": "served",
    "query": (
        "traefik_service_request_duration_seconds_bucket"
        '{service=~"{{ namespace }}-{{ target }}-[0-9]+@kubernetescrd"}'
    ),
    "thresholdRange": {"min": 1},
}
AT = "canary:apps.podinfo.analysis.metrics[1].query"
SAYS = 'refuses the query: invalid parameter "query": 1:27: parse error: unclosed left parenthesis'


def _plan(*metrics: dict[str, Any], **analysis: Any) -> dict[str, Any]:
    return {"analysis": {"stepWeights": [50], "metrics": list(metrics), **analysis}, "soak": "2s"}


def test_a_preview_warns_of_a_query_that_is_no_promql_and_an_update_refuses_it(
    world: World,
) -> None:
    world.write(GOOD, _plan(SUCCESS))
    world.project.up()
    served, members, state = world.record(), world.members(), world.project.export()
    world.write(BETTER, _plan(SUCCESS, WRONG))
    preview = world.project.preview()
    assert [line for line in preview.lines(f"{AT}: Prometheus ") if SAYS in line]
    assert "warning: " in preview.text
    refused = world.project.up(fails=True)
    assert any(f"{AT}: Prometheus " in line and SAYS in line for line in refused.reasons)
    assert "Traceback" not in refused.text
    assert (world.record(), world.members()) == (served, members)
    assert set(world.project.export()) == set(state)
    assert {body["metadata"]["name"] for body in world.objects("deployments")} == {
        f"podinfo-{served.primary}"
    }


def test_a_query_that_comes_to_several_series_ends_the_run_with_its_first_answer(
    world: World,
) -> None:
    world.write(GOOD, _plan(SUCCESS, SEVERAL))
    world.project.up()
    world.write(BETTER, _plan(SUCCESS, SEVERAL))
    assert AT not in world.project.preview().text  # there is nothing to count yet
    with world.probe() as users, world.weights() as weights:
        result = world.project.up(fails=True)
    (reason,) = result.reasons
    several = r"at 50 %: metric served: the query answered \d+ series where one is needed: "
    assert re.search(several, reason)
    assert "; all traffic is back on " in reason
    assert weights.steps() == [0, 50, 0]
    users.answers().assert_none_failed()


def test_failures_that_are_only_reported_roll_nothing_back(world: World) -> None:
    told = {**SUCCESS, "reportOnly": True}
    # Its 4xx are no success rate's business, and would be proof against it.
    plan = _plan(told, interval="4s", evidence={"classes": ["5xx", "errors", "slow"]})
    world.write(GOOD, plan)
    world.project.up()
    world.write(ERRORS, plan)
    preview = world.project.preview()
    assert "metric request-success-rate: at least 99 % without a 5xx, reported and not judged" in (
        preview.text
    )
    with world.probe(rate=150), world.weights() as weights:  # fewer may break no bound by chance
        result = world.project.up()
    assert weights.steps() == [0, 50, 100, 0]
    assert "requests succeeded (primary " in result.text
    (report,) = [
        found
        for path in world.project.reports.glob("*.json")
        if (found := json.loads(path.read_text()))["to_image"] == ERRORS
    ]
    told_of = [step["verdicts"][0] for step in report["steps"]]
    assert all(text.startswith("request-success-rate") for text in told_of)
    assert all(text.endswith("not judged)") for text in told_of)
    assert any(text.endswith(" (breached, not judged)") for text in told_of)
