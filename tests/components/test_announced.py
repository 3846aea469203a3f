"""What the program says before it declares anything, and what it then refuses to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from canary import program
from canary.adapters import http
from canary.config import StackConfig
from canary.custom import questions
from canary.errors import PreflightError
from canary.preflight import Doors
from canary.render import render_version
from tests.config.readers import Evaluating, StoredCluster, serving, traefik_pod
from tests.config.samples import loaded

LAG: dict[str, Any] = {"name": "lag", "query": "max({{ target }}", "thresholdRange": {"max": 2}}
WORDS = "parse error: unclosed left parenthesis"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every warning; nobody sends it to an engine."""
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warnings.append)
    monkeypatch.setattr(pulumi.log, "info", lambda _: None)
    return warnings


def announce(monkeypatch: pytest.MonkeyPatch, *, preview: bool) -> str:
    """Announce an app with a query that is no PromQL; the version that it is to be asked about."""
    config = loaded({"analysis": {"metrics": [LAG]}})
    rendered = {key: render_version(app) for key, app in config.apps.items()}
    version = rendered["podinfo"].version
    answer = {"status": "error", "errorType": "bad_data", "error": WORDS}
    prometheus = Evaluating(answers={f"max(podinfo-{version}": http.Response(400, json=answer)})

    def doors(config: StackConfig, versions: Mapping[str, str]) -> Doors:
        cluster = StoredCluster(objects=serving(), pods=[traefik_pod()])
        asked = tuple(questions(config, versions))
        return Doors(cluster=cluster, prometheus=prometheus, questions=asked)

    monkeypatch.setattr(program, "_doors", doors)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: preview)
    program._announced(config, rendered)
    return version


def test_a_preview_warns_of_a_query_that_is_no_promql(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    announce(monkeypatch, preview=True)
    assert [text for text in said if WORDS in text] == [
        (
            "canary:apps.podinfo.analysis.metrics[0].query: Prometheus (service "
            f"canary-system/prometheus) refuses the query: {WORDS}"
        )
    ]


def test_an_update_refuses_it(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    with pytest.raises(PreflightError, match=WORDS):
        announce(monkeypatch, preview=False)
    assert said == []
