"""Metrics of the user's own: from the configuration to the queries of a run, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S, StackConfig
from canary.core.custom import CustomCheck
from canary.core.plan import CheckName
from canary.custom import custom_checks
from canary.inputs import access_of, parse, release_of
from canary.planning import PlanText, describe, plan_of
from tests.config.samples import loaded, problems, stack

VERSION = "bbbbbbbbbb"
ORDERS: dict[str, Any] = {
    "name": "orders-per-minute",
    "templateRef": {"name": "orders", "namespace": "flagger"},
    "templateVariables": {"shop": "north", "weight": 3},
    "thresholdRange": {"min": 10},
    "interval": "1m30s",
}
QUERY = (
    'sum(o{app="{{ name }}",ns="{{namespace}}",d="{{ target }}",s="{{ service }}"'
    ',i="{{ ingress }}",x="{{ variables.shop }}"}[{{ interval }}]) * {{ variables.weight }}'
)
TEMPLATES = {"orders": {"query": QUERY}}
LAG: dict[str, Any] = {"name": "queue lag", "query": "max(lag)", "thresholdRange": {"max": 2.5}}
COUNTED: dict[str, Any] = {
    "name": "request-success-rate",
    "thresholdRange": {"min": 99},
    "reportOnly": True,
}
QUICK: dict[str, Any] = {"name": "request-duration", "thresholdRange": {"max": 500}}
TOLD: dict[str, Any] = {"name": "cost", "query": "sum(cost)", "reportOnly": True}


def _config(*metrics: dict[str, Any], **others: Any) -> StackConfig:
    return loaded({"analysis": {"metrics": list(metrics), **others}}, metricTemplates=TEMPLATES)


def _checks(config: StackConfig) -> tuple[CustomCheck, ...]:
    return custom_checks(config.apps["podinfo"], config.metric_templates, VERSION)


def _told(config: StackConfig) -> PlanText:
    app, custom = config.apps["podinfo"], _checks(config)
    plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S, custom=custom)
    return describe("podinfo", app, plan)


def test_a_template_is_filled_in_for_the_version_under_test() -> None:
    assert _checks(_config(ORDERS)) == (
        CustomCheck(
            name="orders-per-minute",
            query='sum(o{app="podinfo",ns="test",d="podinfo-bbbbbbbbbb",s="podinfo"'
            ',i="podinfo",x="north"}[90s]) * 3',
            least=10.0,
            every_s=90.0,
        ),
    )


@pytest.mark.parametrize(
    ("interval", "text"), [("20s", "20s"), ("10500ms", "10500ms"), ("1h", "3600s")]
)
def test_without_an_interval_of_its_own_the_analysis_has_one(interval: str, text: str) -> None:
    metric = {"name": "x", "query": "up[{{ interval }}]", "reportOnly": True}
    (check,) = _checks(_config(metric, interval=interval))
    assert (check.query, check.every_s) == (f"up[{text}]", None)


def test_builtin_checks_stay_what_they_are_beside_them() -> None:
    builtin = {"name": "request-success-rate", "thresholdRange": {"min": 99}}
    config = _config(builtin, LAG)
    app = config.apps["podinfo"]
    plan = plan_of(app, scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    assert [check.name for check in plan.checks] == [CheckName.SUCCESS_RATE]
    assert [check.name for check in _checks(config)] == ["queue lag"]


def test_the_preview_tells_names_and_bounds() -> None:
    told = _told(_config(ORDERS, LAG, TOLD))
    assert [line for line in told.lines if "  check" in line or "  metric" in line] == [
        "  check orders-per-minute: min 10",
        "  check queue lag: max 2.5",
        "  metric cost: no bounds, reported and not judged",
    ]
    assert not [text for text in told.warnings if "no metrics are checked" in text]
    assert "sliding window" not in " ".join(told.lines)


def test_what_is_only_reported_is_no_check() -> None:
    assert [text for text in _told(_config(TOLD)).warnings if "no metrics are checked" in text]
    assert [text for text in _told(_config(COUNTED)).warnings if "no metrics are checked" in text]


def test_a_builtin_metric_may_be_reported_only() -> None:
    told = _told(_config(COUNTED, QUICK))
    (counted,) = [line for line in told.lines if "success-rate" in line]
    assert counted == (
        "  metric request-success-rate: at least 99 % without a 5xx, reported and not judged"
    )
    (proof,) = [line for line in told.lines if "at once when" in line]
    assert "(4xx, slow; 1.5 times" in proof
    alone = _told(_config(COUNTED, evidence={"classes": ["5xx", "errors"]}))
    assert not [line for line in alone.lines if "at once when" in line]
    config = _config(COUNTED, QUICK)
    plan = plan_of(config.apps["podinfo"], scrape_interval_s=5.0, bucket_edges_s=BUCKET_EDGES_S)
    assert [check.report_only for check in plan.checks] == [True, False]
    assert [check.name for check in plan.judged] == [CheckName.DURATION]


def test_what_is_only_reported_extends_no_bake() -> None:
    few = {"expectedRequestsPerSecond": 11}
    assert any("will be extended" in text for text in _told(_config(QUICK, **few)).warnings)
    assert not any("will be extended" in text for text in _told(_config(COUNTED, **few)).warnings)


def test_the_provider_gets_the_same_queries() -> None:
    config = _config(ORDERS, LAG, TOLD)
    app = config.apps["podinfo"]
    props = {"app": "podinfo", "namespace": "test", "stack": "dev", "owner": "o", "version": "v"}
    read = parse(
        {**props, "image": app.image, "release": release_of(app), "access": access_of(config)}
    )
    assert custom_checks(read.app, read.config.metric_templates, VERSION) == _checks(config)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"templateRef": {"name": "order"}}, ".templateRef.name: there is no canary:metricTempl"),
        ({"templateRef": {}}, ".templateRef.name: is required"),
        ({"templateRef": None}, ".name: is no builtin metric; there are request-success-rate and"),
        ({"query": "up"}, ".templateRef: query is one, too: remove one of the two"),
        ({"templateVariables": {"shop": "n"}}, ".templateVariables: lacks weight, which the query"),
        ({"templateVariables": {"shop": 1.5}}, ".templateVariables.shop: must be a text"),
        ({"thresholdRange": {}}, ".thresholdRange: orders-per-minute needs min or max, or else"),
        ({"thresholdRange": {"min": 3, "max": 2}}, ".thresholdRange: min 3 is over max 2"),
        ({"thresholdRange": {"min": float("nan")}}, ".thresholdRange.min: must be a finite"),
        ({"name": ""}, ".name: must be a printable text of 1 to 100 characters"),
        ({"name": "a\nb"}, ".name: must be a printable text"),
        ({"name": 5}, ".name: must be a text"),
        ({"reportOnly": "yes"}, ".reportOnly: must be true or false"),
        ({"name": "request-duration"}, ".templateRef: belongs to a metric of your own; request-d"),
    ],
)
def test_a_metric_that_cannot_be_asked_is_refused(changes: dict[str, Any], problem: str) -> None:
    metric = {name: value for name, value in {**ORDERS, **changes}.items() if value is not None}
    raw = stack({"analysis": {"metrics": [metric]}}, metricTemplates=TEMPLATES)
    start = f"canary:apps.podinfo.analysis.metrics[0]{problem}"
    assert any(text.startswith(start) for text in problems(raw)), problems(raw)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "must not be empty"),
        (" \n", "must not be empty"),
        ("{{ pod }}", "“pod” is no variable of a template; there are name, namespace, target, ser"),
        ("{{ variables }}", "“variables” is no variable of a template"),
        ("{{ variables.a-b }}", "“variables.a-b” is no variable of a template"),
        ("{{ if x }}up{{ end }}", "“if x” is no variable of a template"),
        ("{{" + "x" * 50 + "}}", "this is no variable of a template"),
        ("up{{ name", "has double braces without their counterpart"),
        ("up}} {{ name }}", "has double braces without their counterpart"),
    ],
)
def test_a_query_that_cannot_be_filled_in_is_refused(query: str, problem: str) -> None:
    template = problems(stack(metricTemplates={"orders": {"query": query}}))
    assert template[0].startswith(f"canary:metricTemplates.orders.query: {problem}")
    metric = {"name": "x", "query": query, "reportOnly": True}
    direct = problems(stack({"analysis": {"metrics": [metric]}}))
    assert direct[0].startswith(f"canary:apps.podinfo.analysis.metrics[0].query: {problem}")


def test_all_is_said_at_once_and_names_are_unique() -> None:
    metrics = [LAG, LAG, {"name": "other", "query": "{{ a }}{{ b }}"}]
    found = problems(stack({"analysis": {"metrics": metrics}}))
    at = "canary:apps.podinfo.analysis.metrics"
    assert [text.split(": ")[0] for text in found] == [
        f"{at}[1]",
        f"{at}[2].query",
        f"{at}[2].query",
        f"{at}[2].thresholdRange",
    ]


def test_a_template_needs_a_query_and_nothing_else() -> None:
    at = "canary:metricTemplates.orders"
    assert problems(stack(metricTemplates={"orders": {}})) == [f"{at}.query: is required"]
    (text,) = problems(stack(metricTemplates={"orders": {"query": "up", "provider": {}}}))
    assert text.startswith(f"{at}.provider: is unknown; known here: query")
