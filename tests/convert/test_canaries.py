"""Canaries of every strategy become configuration that this project reads."""

from __future__ import annotations

from typing import Any

import pytest

from canary.config import load
from canary.convert.remarks import Kind
from canary.core.seen import HookType
from canary.errors import ConfigError
from tests.config.samples import APP, TUTORIAL, stack
from tests.convert.samples import (
    SECRET,
    analysed,
    app_of,
    canary,
    convert,
    deployment,
    provider,
    route,
    said,
    stack_of,
    thing,
    why,
)

SPEC = "Canary test/podinfo: spec"


def test_the_tutorials_canary_is_carried_over_whole() -> None:
    result = convert(canary(), deployment(), route())
    assert result.is_whole
    written = result.config["canary:apps"]["podinfo"]
    assert written["analysis"] == TUTORIAL["analysis"]
    assert written["progressDeadlineSeconds"] == 60
    app = app_of(result)
    assert (app.host, app.namespace, app.create_namespace) == ("app.example.com", "test", False)
    assert app.image == "ghcr.io/stefanprodan/podinfo:6.9.2"
    assert app.service.container_port == 9898
    assert "sliding window" in why(result, f"{SPEC}.analysis.metrics[].interval")
    assert "goes past Traefik" in why(result, f"{SPEC}.analysis.webhooks[0]")


def test_what_a_person_must_say_stands_as_a_placeholder() -> None:
    result = convert(canary())
    assert not result.is_whole
    app = app_of(result)
    assert (app.image, app.host) == ("set-the-image.invalid/app:0", "podinfo.set-the-host.invalid")
    assert said(result, Kind.MISSING) == [f"{SPEC}.targetRef", *["Canary test/podinfo"] * 2]


STRATEGIES: dict[str, dict[str, Any]] = {
    "iterations": {"iterations": 10},
    "match": {"iterations": 10, "match": [{"headers": {"x-canary": {"exact": "insider"}}}]},
    "mirror": {"iterations": 10, "mirror": True, "mirrorWeight": 100},
    "sessionAffinity": {"sessionAffinity": {"cookieName": "flagger-cookie", "maxAge": 3600}},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_is_carried_over_or_named_as_lost(strategy: str) -> None:
    changes = STRATEGIES[strategy]
    result = convert(analysed(**changes), deployment(), route())
    written = result.config["canary:apps"]["podinfo"]["analysis"]
    for field in changes:
        lost = f"{SPEC}.analysis.{field}" in said(result, Kind.DROPPED)
        assert lost != (field in written)
        assert not lost or not result.is_whole
    assert app_of(result).analysis.threshold == 10


def test_a_field_is_dropped_in_the_models_own_words() -> None:
    with pytest.raises(ConfigError) as refused:
        load(stack(APP | {"suspend": True}))
    words = refused.value.problems[0].split(": ")[1].split(",")[0]
    assert words in why(convert(canary(suspend=True)), f"{SPEC}.suspend")
    assert f"{SPEC}.suspend" not in said(convert(canary(suspend=False)), Kind.DROPPED)


def test_webhooks_of_every_type_go_over() -> None:
    url = "http://flagger-loadtester.test/gate/check"
    hooks = [{"name": str(t), "type": str(t), "url": url} for t in HookType]
    result = convert(analysed(webhooks=[*hooks, {"name": "none", "type": "", "url": url}]))
    types = [hook.type for hook in app_of(result).analysis.webhooks]
    assert types == [*HookType, HookType.ROLLOUT]
    gates = [place for place in said(result, Kind.CHANGED) if "webhooks" in place]
    assert len(gates) == len([t for t in HookType if t.startswith("confirm-")])


def test_what_cannot_stay_of_a_webhook_goes_and_the_rest_keeps_its_place() -> None:
    hooks: list[dict[str, Any]] = [
        {"name": "a", "url": "http://user:pass@one/"},
        {"name": "b", "url": "http://two/", "retries": 99, "muteAlert": False},
        {"name": "b", "url": "http://podinfo-canary.test/"},
        {"name": "c", "type": "whenever", "url": "http://three/"},
        {"name": "d", "url": "http://four/", "metadata": {"cmd": "hey http://podinfo.test/"}},
    ]
    result = convert(analysed(webhooks=hooks), deployment(), route())
    assert [hook.name for hook in app_of(result).analysis.webhooks] == ["b", "b-2", "d"]
    dropped = said(result, Kind.DROPPED)
    assert f"{SPEC}.analysis.webhooks[1].muteAlert" not in dropped
    for place in ("[0]", "[1].retries", "[3]"):
        assert f"{SPEC}.analysis.webhooks{place}" in dropped
    assert "this webhook is not called" in why(result, f"{SPEC}.analysis.webhooks[3]")
    assert "podinfo-canary" in why(result, f"{SPEC}.analysis.webhooks[2]")
    assert "goes past Traefik" in why(result, f"{SPEC}.analysis.webhooks[4]")
    assert "pass" not in " ".join(str(remark) for remark in result.remarks)


def test_custom_metrics_go_over_or_are_named_as_lost() -> None:
    reference = {"name": "errors", "namespace": "flagger"}
    metrics: list[dict[str, Any]] = [
        {"name": "not-found", "templateRef": reference, "thresholdRange": {"max": 5}},
        {"name": "request-success-rate", "threshold": 99},
    ]
    query = 'sum(up{pod=~"{{ target }}-canary-.*"})'
    template = {"provider": {"type": "prometheus", "address": "http://p:9090"}, "query": query}
    result = convert(
        analysed(metrics=metrics),
        thing("MetricTemplate", template, name="errors", namespace="flagger"),
        thing("MetricTemplate", {"provider": {"type": "datadog"}}, name="dogs"),
    )
    written = result.config["canary:apps"]["podinfo"]["analysis"]["metrics"]
    assert written[0] == {**metrics[0], "templateRef": {"name": "errors"}}
    here = 'sum(up{pod=~"{{ target }}-.*"})'
    assert result.config["canary:metricTemplates"] == {"errors": {"query": here}}
    assert "becomes {{ target }}" in why(result, "MetricTemplate flagger/errors: spec.query")
    assert written[-1] == {"name": "request-success-rate", "thresholdRange": {"min": 99}}
    assert "MetricTemplate test/dogs: spec.provider" in said(result, Kind.DROPPED)
    assert "http://p:9090" not in str(result)
    assert len(app_of(result).analysis.metrics) == 2


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ('up{a="{{ namespace }}-{{target}}-canary-80"}', 'up{a="{{ namespace }}-{{ target }}-80"}'),
        ('up{a="{{ service }}-canary"}', 'up{a="{{ target }}"}'),
        ('up{a="{{ name }}-canary"}', 'up{a="{{ target }}"}'),
        ('up{a="{{ target }}-[0-9]"}', 'up{a="{{ target }}-[0-9]"}'),
    ],
)
def test_a_query_asks_for_what_is_under_test_here(there: str, here: str) -> None:
    metrics = [{"name": "own", "query": there, "thresholdRange": {"max": 5}}]
    result = convert(analysed(metrics=metrics), deployment(), route())
    assert app_of(result).analysis.metrics[0].query == here
    assert "under test here" in why(result, f"{SPEC}.analysis.metrics[0].query")
    assert result.is_whole


def test_a_query_without_the_version_under_test_is_not_spoken_of() -> None:
    query = 'sum(up{a="{{ name }}-canaryish",b="{{ variables.target }}",c="target"})'
    own = {"query": query, "templateVariables": {"target": "x"}, "thresholdRange": {"max": 5}}
    result = convert(analysed(metrics=[{"name": "own", **own}]), deployment(), route())
    assert app_of(result).analysis.metrics[0].query == query
    assert f"{SPEC}.analysis.metrics[0].query" not in said(result, Kind.CHANGED)


def test_a_query_about_the_peers_primary_is_left_to_a_person() -> None:
    query = 'sum(up{a="{{ target }}-canary"}) / sum(up{a="{{ target }}-primary"})'
    template = thing("MetricTemplate", {"query": query}, name="ratio")
    metric = {"name": "r", "templateRef": {"name": "ratio"}, "thresholdRange": {"max": 2}}
    result = convert(analysed(metrics=[metric]), template, deployment(), route())
    assert said(result, Kind.MISSING) == ["MetricTemplate test/ratio: spec.query"]
    assert "what serves" in why(result, "MetricTemplate test/ratio: spec.query")


def test_a_metric_that_would_mean_something_else_goes_as_a_whole() -> None:
    metrics = [
        {"name": "lost", "templateRef": {"name": "nowhere"}, "thresholdRange": {"max": 5}},
        {"name": "boundless", "query": "sum(up)"},
        {"name": "odd", "query": "sum({{ odd }})", "thresholdRange": {"max": 5}},
        {"name": "kept", "query": "sum(up)", "thresholdRange": {"max": 5}},
    ]
    result = convert(analysed(metrics=metrics), deployment(), route())
    assert [metric.name for metric in app_of(result).analysis.metrics] == ["kept"]
    for index in range(3):
        assert "this check is not made" in why(result, f"{SPEC}.analysis.metrics[{index}]")


def test_an_alerts_address_is_replaced_by_what_to_do() -> None:
    alerts = [
        {"name": "ops", "severity": "warn", "providerRef": {"name": "ops", "namespace": "test"}},
        {"name": "kept", "providerRef": {"name": "vault"}},
        {"name": "lost", "providerRef": {"name": "nowhere"}},
        {"name": "odd", "providerRef": {"name": "odd"}},
    ]
    result = convert(
        analysed(alerts=alerts),
        provider(),
        provider("vault", secretRef={"name": "hook"}, username="canary"),
        provider("odd", type="telegram"),
    )
    assert SECRET not in str(result)
    place = "AlertProvider test/ops: spec.address"
    assert "pulumi config set --secret --path 'canary:alertAddresses.ops'" in why(result, place)
    assert [alert.name for alert in app_of(result).analysis.alerts] == ["ops", "kept"]
    vault = stack_of(result).alert_providers["vault"]
    assert vault.secret_ref
    assert (vault.secret_ref.name, vault.secret_ref.namespace) == ("hook", "test")
    assert "AlertProvider test/odd: spec" in said(result, Kind.DROPPED)
    assert f"{SPEC}.analysis.alerts[3]" in said(result, Kind.DROPPED)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({}, {"interval": "60s", "threshold": 1, "metrics": []}),
        ({"interval": "5s"}, {"interval": "10s"}),
        ({"interval": "soon"}, {"interval": "60s"}),
        ({"stepWeight": 10}, {"stepWeight": 10, "maxWeight": 100}),
        ({"stepWeights": [1, 50], "maxWeight": 80}, {"stepWeights": [1, 50]}),
        ({"stepWeights": [1, 40], "stepWeight": 10}, {"stepWeight": 10, "maxWeight": 40}),
        ({"iterations": 0, "maxWeight": 0, "stepWeights": []}, {}),
        ({"alerts": None}, {}),
    ],
)
def test_what_the_peer_means_is_written_out(given: dict[str, Any], written: dict[str, Any]) -> None:
    result = convert(canary(analysis=given))
    found = result.config["canary:apps"]["podinfo"]["analysis"]
    assert found == {"interval": "60s", "threshold": 1, "metrics": []} | written
    assert app_of(result)


def test_a_canary_without_analysis_is_not_judged() -> None:
    raw = canary()
    del raw["spec"]["analysis"]
    assert app_of(convert(raw)).skip_analysis


def test_the_deprecated_name_of_analysis_is_understood() -> None:
    raw = canary()
    raw["spec"]["canaryAnalysis"] = raw["spec"].pop("analysis")
    assert app_of(convert(raw)).analysis.threshold == 10


def test_what_the_peer_ignores_with_traefik_is_no_loss() -> None:
    service = {"port": 80, "targetPort": 9898, "retries": {"attempts": 3}, "hosts": ["x"]}
    result = convert(canary(service=service), deployment(), route())
    assert result.is_whole
    assert f"{SPEC}.service.retries" in said(result, Kind.UNNEEDED)
    other = convert(canary(service=service, provider="istio"), deployment(), route())
    assert f"{SPEC}.service.retries" in said(other, Kind.DROPPED)


def test_two_canaries_of_one_name_get_a_key_each() -> None:
    other = canary() | {"metadata": {"name": "podinfo", "namespace": "prod"}}
    result = convert(
        canary(),
        other,
        provider("ops"),
        provider("ops") | {"metadata": {"name": "ops", "namespace": "prod"}},
        route(),
        route(),
    )
    assert set(result.config["canary:apps"]) == {"podinfo", "podinfo-prod"}
    assert set(result.config["canary:alertProviders"]) == {"ops", "ops-prod"}


def test_two_canaries_without_a_route_do_not_share_a_host() -> None:
    other = canary() | {"metadata": {"name": "shop", "namespace": "test"}}
    other["spec"]["targetRef"] = {"kind": "Deployment", "name": "shop"}
    apps = stack_of(convert(canary(), other)).apps
    assert {app.host for app in apps.values()} == {
        "podinfo.set-the-host.invalid",
        "shop.set-the-host.invalid",
    }


def test_the_app_has_the_name_that_callers_know() -> None:
    result = convert(canary(service={"name": "shop", "port": 80}), deployment())
    assert set(result.config["canary:apps"]) == {"shop"}


def test_an_app_that_cannot_have_its_name_is_named_as_lost() -> None:
    result = convert(canary(service={"name": "s" * 60, "port": 80}), deployment())
    assert "canary:apps" not in result.config
    assert SPEC in said(result, Kind.DROPPED)
