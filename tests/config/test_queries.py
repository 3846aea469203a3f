"""Queries of custom metrics, evaluated before anything is touched: what is said and what stops."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from canary.adapters import http
from canary.config import StackConfig
from canary.core.record import Record
from canary.custom import questions
from canary.errors import MetricsError, PreflightError
from canary.preflight import Doors, Findings, look
from canary.promql import complaint
from tests.config.readers import (
    OWNER,
    VERSION,
    Evaluating,
    StoredCluster,
    installed,
    serving,
    traefik_pod,
    vector,
)
from tests.config.samples import loaded

NEXT = "9876543210"
LAG: dict[str, Any] = {"name": "lag", "query": "max(lag", "thresholdRange": {"max": 2}}
SERVED: dict[str, Any] = {
    "name": "served",
    "templateRef": {"name": "served"},
    "thresholdRange": {"min": 1},
}
SUCCESS: dict[str, Any] = {"name": "request-success-rate", "thresholdRange": {"min": 99}}
TEMPLATES = {"served": {"query": 'served{d="{{ target }}"}[{{ interval }}]'}}
RENDERED = f'served{{d="podinfo-{NEXT}"}}[10s]'
AT = "canary:apps.podinfo.analysis.metrics"
WORDS = 'invalid parameter "query": 1:8: parse error: unclosed left parenthesis'
REFUSED = http.Response(400, json={"status": "error", "errorType": "bad_data", "error": WORDS})
REFUSAL = f"Prometheus (service canary-system/prometheus) refuses the query: {WORDS}"
SEVERAL_WORDS = "the query answered 2 series where one is needed: aggregate them, as with sum()"


def config_of(*metrics: dict[str, Any], **app: Any) -> StackConfig:
    analysis = {"analysis": {"metrics": list(metrics)}, **app}
    return loaded(analysis, metricTemplates=TEMPLATES)


def looked(
    config: StackConfig,
    prometheus: Evaluating,
    record: Record | None = None,
    *,
    objects: dict[str, Any] | None = None,
    bound_s: float = 5.0,
) -> Findings:
    """What a look finds besides what serves, with podinfo's next version to be released."""
    ready = {"status": {"readyReplicas": 2}}
    deployment = f"/apis/apps/v1/namespaces/test/deployments/podinfo-{NEXT}"
    running: dict[str, Any] = {deployment: ready}
    for name in (f"podinfo-{NEXT}", f"podinfo-{NEXT}-fallback"):
        running[f"/api/v1/namespaces/test/services/{name}"] = {"metadata": {"name": name}}
    stored = {**serving(record), **running} if objects is None else objects
    cluster = StoredCluster(objects=stored, pods=[traefik_pod()])
    asked = tuple(questions(config, {"podinfo": NEXT}))
    doors = Doors(cluster=cluster, prometheus=prometheus, questions=asked)
    return replace(look(config, lambda: doors, owner=OWNER, bound_s=bound_s), live={})


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A parser that understands nothing, in the place of the real one."""

    def parse(query: str) -> None:
        raise ValueError(f"invalid\npromql query: {query[:3]}")

    module = ModuleType("promql_parser")
    vars(module)["parse"] = parse
    monkeypatch.setitem(sys.modules, "promql_parser", module)
    return module


@pytest.fixture
def _no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "promql_parser", None)


@pytest.mark.parametrize("answer", [vector("3"), vector(), vector("NaN")])
def test_what_can_be_answered_is_no_finding(answer: http.Response) -> None:
    prometheus = Evaluating(answers={"max(lag": answer})
    assert looked(config_of(SUCCESS, LAG), prometheus) == Findings()
    assert prometheus.asked == ["max(lag"]


@pytest.mark.parametrize("record", [None, Record(owner=OWNER, primary=NEXT)])
def test_no_promql_is_a_warning_in_a_preview_and_stops_an_update(record: Record | None) -> None:
    found = looked(config_of(SUCCESS, LAG), Evaluating(answers={"max(lag": REFUSED}), record)
    assert found == Findings(miswritten=(f"{AT}[1].query: {REFUSAL}",))
    found.demand_none(preview=True)
    with pytest.raises(PreflightError) as caught:
        found.demand_none()
    assert str(caught.value) == f"{AT}[1].query: {REFUSAL}"


def test_a_template_is_filled_in_for_the_next_version_and_named() -> None:
    matrix = http.Response(
        200, json={"status": "success", "data": {"resultType": "matrix", "result": []}}
    )
    (text,) = looked(config_of(SERVED), Evaluating(answers={RENDERED: matrix})).miswritten
    assert text == (
        f"{AT}[0].templateRef (canary:metricTemplates.served.query): "
        "Prometheus (service canary-system/prometheus) answered a matrix, not a vector or scalar"
    )


@pytest.mark.parametrize(
    ("record", "stops"),
    [
        (Record(owner=OWNER, primary=VERSION), True),
        (Record(owner=OWNER, primary=NEXT), False),  # it serves: no run begins
        (Record(owner=OWNER, primary=""), False),  # the first version is not judged
        (Record(owner=OWNER, primary=VERSION, former={NEXT: 1.0}), False),  # the way back
    ],
)
def test_several_series_stop_only_a_run_that_would_ask(record: Record, stops: bool) -> None:  # noqa: FBT001
    prometheus = Evaluating(answers={"max(lag": vector("1", "2")})
    text = (f"{AT}[0].query: {SEVERAL_WORDS}",)
    found = looked(config_of(LAG), prometheus, record)
    assert found == (Findings(miswritten=text) if stops else Findings(warnings=text))


def test_several_series_before_the_first_release_are_a_warning() -> None:
    prometheus = Evaluating(answers={"max(lag": vector("1", "2")})
    found = looked(config_of(LAG), prometheus, objects=installed())
    assert found.warnings == (f"{AT}[0].query: {SEVERAL_WORDS}",)
    assert found.miswritten == ()


@pytest.mark.parametrize("answer", [REFUSED, vector("1", "2")])
def test_nothing_follows_from_what_is_only_reported(answer: http.Response) -> None:
    told = {"name": "lag", "query": "max(lag", "reportOnly": True}
    found = looked(config_of(told), Evaluating(answers={"max(lag": answer}))
    assert [text.startswith(f"{AT}[0].query: ") for text in found.warnings] == [True]
    assert found.miswritten == ()


def test_a_release_without_analysis_asks_nothing() -> None:
    prometheus = Evaluating(answers={"max(lag": REFUSED})
    assert looked(config_of(LAG, skipAnalysis=True), prometheus) == Findings()
    assert prometheus.asked == []


UNASKED = [
    MetricsError("Prometheus has no ready pod", retryable=True),
    http.Response(503),
    http.Response(422, json={"status": "error", "errorType": "execution", "error": "many"}),
    http.Response(401),
]


@pytest.mark.parametrize("answer", UNASKED)
@pytest.mark.usefixtures("_no_parser")
def test_no_answer_is_no_finding_here(answer: http.Response | Exception) -> None:
    assert looked(config_of(LAG), Evaluating(answers={"max(lag": answer})) == Findings()


@pytest.mark.parametrize("answer", UNASKED)
@pytest.mark.usefixtures("parser")
def test_where_prometheus_cannot_be_asked_a_parser_warns(answer: http.Response | Exception) -> None:
    found = looked(config_of(LAG), Evaluating(answers={"max(lag": answer}))
    says = "promql-parser finds no PromQL in it: invalid promql query: max"
    assert found == Findings(warnings=(f"{AT}[0].query: {says}",))


@pytest.mark.usefixtures("parser")
def test_prometheus_has_the_last_word() -> None:
    assert looked(config_of(LAG), Evaluating(answers={"max(lag": vector("1")})) == Findings()
    refused = looked(config_of(LAG), Evaluating(answers={"max(lag": REFUSED}))
    assert refused.warnings == ()
    assert refused.miswritten


@pytest.mark.usefixtures("_no_parser")
def test_all_are_asked_at_the_same_time() -> None:
    metrics = [{**LAG, "name": f"m{n}", "query": f"max({n}"} for n in range(8)]
    prometheus = Evaluating(together=threading.Barrier(8))
    assert looked(config_of(*metrics), prometheus) == Findings()


@pytest.mark.usefixtures("_no_parser")
def test_what_is_not_answered_in_time_is_let_go() -> None:
    stuck = Evaluating(together=threading.Barrier(2))
    found = looked(config_of(LAG), stuck, bound_s=1.2)
    assert stuck.together is not None
    stuck.together.abort()
    assert found == Findings()


@pytest.mark.usefixtures("_no_parser")
def test_the_same_query_is_asked_once() -> None:
    prometheus = Evaluating(answers={"max(lag": REFUSED})
    found = looked(config_of(LAG, {**LAG, "name": "again"}), prometheus)
    assert prometheus.asked == ["max(lag"]
    assert [text.split(":")[1] for text in found.miswritten] == [
        "apps.podinfo.analysis.metrics[0].query",
        "apps.podinfo.analysis.metrics[1].query",
    ]


def test_a_bug_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        looked(config_of(LAG), Evaluating(answers={"max(lag": ZeroDivisionError()}))


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("sum(rate(x[5m])) by (le) / on(le) group_left() y > bool 0", False),
        ("vector(42)", False),
        ("sum(up", True),
        ("rate(x)", True),
        ("up{a=}", True),
        ("foo bar", True),
    ],
)
def test_the_real_parser_knows_promql(query: str, wrong: bool) -> None:  # noqa: FBT001
    assert complaint(query).startswith("promql-parser finds no PromQL in it: ") is wrong
    assert bool(complaint(query)) is wrong


@pytest.mark.usefixtures("_no_parser")
def test_without_a_parser_nobody_can_tell() -> None:
    assert complaint("sum(up") == ""
