"""A baseline: where it can be compared with, and what the preview says of it."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S, load
from canary.planning import describe, plan_of
from tests.config.readers import OWNER, StoredCluster, named, serving, traefik_pod
from tests.config.samples import APP, loaded, problems, stack
from tests.config.test_preflight import _look

AT = "canary:apps.podinfo.analysis.baseline"


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        (
            {"safeToRepeat": True, "analysis": {"mirror": True}},
            "does not go with mirror, which sends it no copies: remove one",
        ),
        (
            {"analysis": {"iterations": 3}, "previewHost": "preview.example.com"},
            "does not go with iterations, which leaves all requests where they are: remove one",
        ),
        (
            {"analysis": {"iterations": 3, "match": [{"headers": {"x": {"exact": "y"}}}]}},
            "does not go with iterations, which leaves all requests where they are: remove one",
        ),
        (
            {"analysis": {"sessionAffinity": {"cookieName": "c"}}},
            "does not go with sessionAffinity, which gives it other clients than the canary",
        ),
        ({"analysis": {"baseline": "yes"}}, "must be true or false"),
    ],
)
def test_where_it_would_have_other_requests_than_the_canary_it_is_refused(
    app: dict[str, Any], problem: str
) -> None:
    analysis = {"baseline": True, **app["analysis"]}
    (found,) = problems(stack({**app, "analysis": analysis}))
    assert found.startswith(f"{AT}: {problem}"), found


def test_another_app_may_not_have_its_name() -> None:
    others = {"podinfo-baseline": {**APP, "host": "b.example.com"}}
    (found,) = problems({"apps": {"podinfo": APP, **others}})
    assert found.endswith("podinfo-baseline is the name of an object of canary:apps.podinfo")


def test_the_preview_says_what_is_compared_with_what() -> None:
    app = loaded({"analysis": {"baseline": True}}).apps["podinfo"]
    plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    assert plan.baseline
    text = "\n".join(describe("podinfo", app, plan).lines)
    assert "  baseline: compares with a fresh copy of the primary, which gets as many pods" in text
    assert "rolled back at once when proven worse than the baseline (5xx, 4xx" in text
    plain = plan_of(loaded().apps["podinfo"], scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    assert not plain.baseline
    assert "baseline" not in "\n".join(describe("podinfo", loaded().apps["podinfo"], plain).lines)


@pytest.mark.parametrize("wanted", [True, False])
def test_somebody_elses_object_of_its_name_is_found_before_anything_is_touched(
    *, wanted: bool
) -> None:
    config = load(stack({"analysis": {"baseline": wanted}}))
    path = "/apis/apps/v1/namespaces/test/deployments/podinfo-baseline"
    theirs = named("Deployment", "podinfo-baseline", annotations={"canary.rollout/owner": "them"})
    cluster = StoredCluster(objects={**serving(), path: theirs}, pods=[traefik_pod()])
    found = _look(cluster, config, owner=OWNER).problems
    said = "Deployment podinfo-baseline in namespace test exists and is not ours"
    assert any(text.startswith(said) for text in found) is wanted
