"""Which answers are failures, as people configure it."""

from __future__ import annotations

import pytest

from canary.config import BUCKET_EDGES_S
from canary.planning import describe, plan_of
from tests.config.samples import loaded, problems, stack


def test_what_is_configured_is_judged_and_told() -> None:
    app = loaded({"analysis": {"badStatus": ["500-599", "429"]}}).apps["podinfo"]
    plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    assert plan.bad_status == ((429, 429), (500, 599))
    lines = "\n".join(describe("podinfo", app, plan).lines)
    assert "request-success-rate: at least 99 % without a 429 or 5xx" in lines
    assert "worse than the primary (429 or 5xx, 4xx, errors, slow;" in lines


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (["600"], "must hold codes or ranges from 400 to 599"),
        (["503-500"], "must hold codes or ranges from 400 to 599"),
        ([], "must hold at least one code, and each once"),
        (["503", "503"], "must hold at least one code, and each once"),
    ],
)
def test_what_is_no_status_is_refused(status: list[str], problem: str) -> None:
    (text,) = problems(stack({"analysis": {"badStatus": status}}))
    assert text.startswith(f"canary:apps.podinfo.analysis.badStatus: {problem}")
