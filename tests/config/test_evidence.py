"""`analysis.evidence`: from the keys to the plan, the preview's words and the refusals."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S
from canary.core.plan import Bad, Plan, Terms
from canary.planning import describe, plan_of
from tests.config.samples import loaded, problems, stack

WORSE = "worse than the primary (5xx, 4xx, errors, slow; 1.5 times its odds are tolerated)"


def _plan(analysis: dict[str, Any]) -> Plan:
    app = loaded({"analysis": analysis}).apps["podinfo"]
    return plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)


def _told(analysis: dict[str, Any]) -> list[str]:
    app = loaded({"analysis": analysis}).apps["podinfo"]
    lines = describe("podinfo", app, _plan(analysis)).lines
    return [line for line in lines if "at once when" in line]


def test_it_is_gathered_unless_it_is_switched_off() -> None:
    assert _plan({}).evidence == Terms(alpha=0.01, odds_ratio=1.5, classes=tuple(Bad))
    assert _plan({"evidence": {"enabled": False}}).evidence is None


def test_its_terms_are_the_users() -> None:
    raw = {"alpha": 0.001, "oddsRatio": 2, "classes": ["slow", "5xx"]}
    classes = (Bad.SERVER_ERROR, Bad.SLOW)
    assert _plan({"evidence": raw}).evidence == Terms(alpha=0.001, odds_ratio=2, classes=classes)


@pytest.mark.parametrize(
    ("analysis", "proven", "percent"),
    [
        ({}, f"{WORSE} or beyond the bound of a check", "1"),
        (
            {"metrics": [], "evidence": {"classes": ["5xx"], "oddsRatio": 3, "alpha": 0.005}},
            "worse than the primary (5xx; 3 times its odds are tolerated)",
            "0.5",
        ),
        ({"evidence": {"classes": []}}, "beyond the bound of a check", "1"),
    ],
)
def test_the_preview_says_what_ends_a_run_at_once(
    analysis: dict[str, Any], proven: str, percent: str
) -> None:
    end = f"at most {percent} % of good releases are"
    assert _told(analysis) == [f"  rolled back at once when proven {proven}; {end}"]


@pytest.mark.parametrize(
    "analysis", [{"metrics": [], "evidence": {"classes": []}}, {"evidence": {"enabled": False}}]
)
def test_the_preview_is_silent_about_what_cannot_happen(analysis: dict[str, Any]) -> None:
    assert _told(analysis) == []


@pytest.mark.parametrize(
    ("evidence", "problem"),
    [
        ({"alpha": 0}, "alpha: must be over 0, not 0"),
        ({"alpha": 0.6}, "alpha: must be at most 0.5, not 0.6"),
        ({"alpha": "1%"}, "alpha: must be a number"),
        ({"oddsRatio": 0.9}, "oddsRatio: must be at least 1, not 0.9"),
        ({"classes": ["6xx"]}, "classes[0]: must be 5xx, 4xx, errors or slow"),
        ({"classes": ["5xx", "5xx"]}, "classes: lists a class twice"),
        ({"enabled": "no"}, "enabled: must be true or false"),
        ({"odds": 2}, "odds: is unknown; did you mean oddsRatio?"),
    ],
)
def test_what_is_refused(evidence: dict[str, Any], problem: str) -> None:
    found = problems(stack({"analysis": {"evidence": evidence}}))
    assert found == [f"canary:apps.podinfo.analysis.evidence.{problem}"]
