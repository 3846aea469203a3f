"""From an app's configuration to its plan, and to what the preview says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.config import BUCKET_EDGES_S, AppConfig
from canary.core.plan import Check, CheckName, Plan, Terms
from canary.load import expected_rate
from canary.planning import PlanText, describe, lower_edge_s, plan_of
from canary.routing import steps_text
from tests.config.samples import TUTORIAL, loaded


def _app(raw: dict[str, Any] | None = None) -> AppConfig:
    return loaded(raw).apps["podinfo"]


def _plan(raw: dict[str, Any] | None = None, scrape_s: float = 5.0) -> Plan:
    return plan_of(_app(raw), scrape_interval_s=scrape_s, bucket_edges_s=BUCKET_EDGES_S)


def _told(raw: dict[str, Any] | None = None) -> PlanText:
    return describe("podinfo", _app(raw), _plan(raw))


def _hook(cmd: str, **others: Any) -> dict[str, Any]:
    hook = {"name": "load", "url": "http://h/", "metadata": {"type": "cmd", "cmd": cmd}, **others}
    return {"analysis": {"webhooks": [hook]}}


@pytest.mark.parametrize(
    ("analysis", "weights"),
    [
        ({"stepWeight": 10, "maxWeight": 50}, (10, 20, 30, 40, 50)),
        ({"stepWeight": 20, "maxWeight": 50}, (20, 40, 50)),
        ({"stepWeight": 50, "maxWeight": 50}, (50,)),
        ({"stepWeight": 1, "maxWeight": 3}, (1, 2, 3)),
        ({"stepWeight": 40, "maxWeight": 100}, (40, 80)),
        ({"stepWeights": [50, 100]}, (50,)),
        ({"stepWeights": [100]}, ()),
        ({"stepWeights": [1, 30, 70]}, (1, 30, 70)),
        ({"stepWeight": 25, "stepWeightPromotion": 20}, (25, 50, 70, 90)),
        ({"stepWeights": [5, 50], "stepWeightPromotion": 25}, (5, 50, 75)),
        ({"stepWeight": 50, "stepWeightPromotion": 50}, (50,)),
        ({"stepWeight": 50, "maxWeight": 100, "stepWeightPromotion": 1}, (50,)),
    ],
)
def test_weights(analysis: dict[str, Any], weights: tuple[int, ...]) -> None:
    assert _plan({"analysis": analysis}).weights == weights


@given(st.integers(1, 100), st.integers(1, 100))
def test_weights_rise_to_exactly_the_maximum(one: int, other: int) -> None:
    step, most = sorted((one, other))
    plan = _plan({"analysis": {"stepWeight": step, "maxWeight": most}})
    weights = (*plan.weights, 100) if most == 100 else plan.weights
    assert plan.weight(len(plan.weights)) == 100
    assert (weights[0], weights[-1]) == (step, most)
    rises = [b - a for a, b in itertools.pairwise(weights)]
    assert all(0 < rise <= step for rise in rises)


def test_the_tutorials_plan() -> None:
    assert _plan(TUTORIAL) == Plan(
        weights=(5, 10, 15, 20, 25, 30, 35, 40, 45, 50),
        interval_s=10.0,
        threshold=10,
        checks=(
            Check(name=CheckName.SUCCESS_RATE, bound=99.0),
            Check(name=CheckName.DURATION, bound=500.0, edge_s=0.5),
        ),
        min_requests=6,
        soak_s=10.0,
        progress_deadline_s=60.0,
        rollback_window_s=86400.0,
        inconclusive_deadline_s=60.0,
        max_duration_s=60 + 11 * 70 + 10 * 10 + 5 + 10 + 10,
        replicas=2,
        hooks=frozenset({"rollout"}),
        evidence=Terms(),
    )
    assert _plan(TUTORIAL).shortest_s == 110


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"soak": "1m"}, {"soak_s": 60.0}),
        ({"drain": "0s"}, {"drain_s": 0.0}),
        ({"maxDuration": "1h"}, {"max_duration_s": 3600.0}),
        ({"replicas": 5}, {"replicas": 5}),
        ({"autoscaler": {"minReplicas": 3, "maxReplicas": 9}}, {"replicas": 3}),
        ({"skipAnalysis": True}, {"skip_analysis": True}),
        ({"rollbackWindow": "90m"}, {"rollback_window_s": 5400.0}),
        ({"progressDeadlineSeconds": 20}, {"inconclusive_deadline_s": 30.0}),
        ({"progressDeadlineSeconds": 40}, {"inconclusive_deadline_s": 40.0}),
        (
            {"analysis": {"inconclusiveDeadlineSeconds": 7, "onInconclusive": "promote"}},
            {"inconclusive_deadline_s": 7.0, "promote_inconclusive": True},
        ),
        (
            {"analysis": {"minRequests": 200, "warmUp": "3s", "canaryReadyThreshold": 50}},
            {"min_requests": 200, "warm_up_s": 3.0, "canary_ready_percent": 50},
        ),
    ],
)
def test_a_setting_reaches_the_plan(raw: dict[str, Any], expected: dict[str, Any]) -> None:
    plan = _plan(raw)
    assert {name: getattr(plan, name) for name in expected} == expected


def test_strict_reaches_every_check() -> None:
    assert all(check.strict for check in _plan({"analysis": {"strict": True}}).checks)


@pytest.mark.parametrize(("scrape_s", "poll_s"), [(1.0, 1.0), (5.0, 5.0), (15.0, 5.0)])
def test_polls_are_as_frequent_as_scrapes_and_at_least_every_five_seconds(
    scrape_s: float, poll_s: float
) -> None:
    raw = {"analysis": {"interval": "1m"}}
    assert _plan(raw, scrape_s).poll_s == poll_s
    assert _plan(raw, scrape_s).scrape_s == scrape_s


@pytest.mark.parametrize(
    ("bound_ms", "edge_s"),
    [(500, 0.5), (300, 0.3), (450, 0.4), (499.9, 0.4), (10_000, 10.0), (5, 0.005), (1, 0.005)],
)
def test_a_bound_is_judged_at_the_next_lower_edge(bound_ms: float, edge_s: float) -> None:
    assert lower_edge_s(bound_ms, BUCKET_EDGES_S) == edge_s


@given(st.sampled_from(BUCKET_EDGES_S))
def test_a_bound_on_an_edge_is_that_edge_whatever_floats_do(edge_s: float) -> None:
    assert lower_edge_s(edge_s * 1000, BUCKET_EDGES_S) == edge_s


def test_the_preview_tells_the_whole_plan() -> None:
    assert _told(TUTORIAL).lines == (
        "podinfo: 5 → 10 → 15 → … → 50 %, then 100 %: 10 steps of 10s, soak 10s",
        "  at least 1m50s once the new pods are ready",
        "  pods of the canary: 2 before the first request",
        "  check request-success-rate: at least 99 % without a 5xx",
        "  check request-duration: 99 % within 500 ms",
        "  rolled back at 10 failed checks, or after 1m without a verdict",
        (
            "  rolled back at once when proven worse than the primary (5xx, 4xx, errors, slow; "
            "1.5 times its odds are tolerated) or beyond the bound of a check; at most 1 % of good "
            "releases are"
        ),
        (
            "  metrics.interval 1m is a sliding window in Flagger; here each bake (10s) is judged "
            "by its own requests alone"
        ),
        "  hooks rollout: load-test",
        (
            "  shield: GET, HEAD, OPTIONS requests that the canary answers with 500-599 are "
            "answered by the primary"
        ),
    )


def test_the_preview_of_a_release_without_analysis_is_short() -> None:
    told = _told({**_hook("x"), "skipAnalysis": True})
    assert told.lines == (
        "podinfo: 100 % as soon as the new version is ready; the analysis is skipped",
    )
    assert told.warnings == ()


def test_the_preview_says_when_doubt_promotes() -> None:
    text = "\n".join(_told({"analysis": {"onInconclusive": "promote", "threshold": 1}}).lines)
    assert "rolled back at 1 failed check; promoted after 10m without a verdict" in text


def test_few_steps_are_all_named() -> None:
    assert steps_text((10, 20, 30)) == "10 → 20 → 30"


@pytest.mark.parametrize(
    ("raw", "warning"),
    [
        (TUTORIAL, "podinfo: the load of hook load-test goes to the Service and bypasses Traefik"),
        (_hook("hey http://podinfo/"), "podinfo: the load of hook load goes to the Service"),
        (
            _hook("wrk https://podinfo.test.svc.cluster.local:80/a"),
            "podinfo: the load of hook load goes to the Service",
        ),
        ({"image": "podinfo"}, "podinfo: the image may change under the same name (it has no tag"),
        ({"image": "podinfo:latest"}, "podinfo: the image may change under the same name (its tag"),
        ({"replicas": 1}, "podinfo: fewer than two replicas"),
        ({"autoscaler": {"minReplicas": 1, "maxReplicas": 3}}, "podinfo: fewer than two replicas"),
        ({"analysis": {"metrics": []}}, "podinfo: no metrics are checked"),
        (
            {"analysis": {"expectedRequestsPerSecond": 5}},
            "podinfo: 5 % of about 5 requests/s is less than one request in 2s",
        ),
        (
            {"analysis": {"expectedRequestsPerSecond": 20, "minRequests": 11}},
            (
                "podinfo: 5 % of about 20 requests/s are about 10 canary requests in 10s, fewer "
                "than minRequests 11"
            ),
        ),
        (
            _hook("hey -z 1m -q 2 -c 2 -host app.example.com http://traefik.traefik/"),
            "podinfo: 5 % of about 4 requests/s is less than one request in 2s",
        ),
    ],
)
def test_a_warning(raw: dict[str, Any], warning: str) -> None:
    found = _told(raw).warnings
    assert any(text.startswith(warning) for text in found), found


def test_a_bound_off_an_edge_is_a_warning_that_says_what_to_add() -> None:
    metric = {"name": "request-duration", "thresholdRange": {"max": 450}}
    assert _told({"analysis": {"metrics": [metric]}}).warnings == (
        (
            "podinfo: request-duration is judged at 400 ms, the next lower edge of Traefik's "
            "histogram, not at 450 ms; canary:traefik.latencyBuckets can add 0.45"
        ),
    )


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"image": "podinfo@sha256:" + "0" * 64},
        {"analysis": {"expectedRequestsPerSecond": 20}},
        _hook("hey -z 1m -q 10 -c 2 -host app.example.com http://traefik.traefik/"),
        _hook("hey -z 1m http://app.example.com/podinfo"),
    ],
)
def test_what_is_in_order_gives_no_warning(raw: dict[str, Any]) -> None:
    assert _told(raw).warnings == ()


@pytest.mark.parametrize(
    ("command", "rate"),
    [
        ("hey -q 10 -c 2 http://traefik/", 20.0),
        ("/usr/bin/hey -q 1 http://traefik/", 50.0),
        ("hey -c 2 http://traefik/", None),  # as fast as it can
        ("hey -q many http://traefik/", None),
        ("wrk -c 2 http://traefik/", None),
        ("hey 'unbalanced", None),
        ("", None),
    ],
)
def test_the_rate_of_a_load_test(command: str, rate: float | None) -> None:
    assert expected_rate(_app(_hook(command))) == rate


def test_load_that_bypasses_traefik_is_no_load() -> None:
    assert expected_rate(_app(TUTORIAL)) is None


def test_going_back_to_what_served_lately_is_announced_as_such() -> None:
    app, plan = _app({}), _plan({})
    lines = describe("podinfo", app, plan, served_ago_s=754.2).lines
    assert lines[0] == (
        "podinfo: 100 % as soon as it is ready, without an analysis: this version was primary "
        "until 12m34s ago (rollbackWindow 24h)"
    )
    assert not any("at least" in line for line in lines)
    assert describe("podinfo", app, plan, served_ago_s=90_000.0) == describe("podinfo", app, plan)


def test_gates_are_announced_with_what_follows_their_timeout() -> None:
    def hook(kind: str, name: str, **terms: str) -> dict[str, Any]:
        return {"name": name, "type": kind, "url": "http://h/", **terms}

    hooks = [
        hook("confirm-rollout", "ask"),
        hook("confirm-traffic-increase", "a", gateTimeout="5m", onGateTimeout="pass"),
        hook("confirm-promotion", "b", onGateTimeout="pass"),
        hook("confirm-promotion", "c", gateTimeout="2h", onGateTimeout="hold"),
    ]
    raw = {"analysis": {"webhooks": hooks}}
    lines = _told(raw).lines
    assert "  hooks confirm-promotion: b, c" in lines
    assert "  gate confirm-rollout: holds until it answers 2xx; after 1h without, the run ends" in (
        lines
    )
    assert (
        "  gate confirm-traffic-increase: holds until it answers 2xx; after 5m without, "
        "the run goes on" in lines
    )
    assert "  gate confirm-promotion: holds until it answers 2xx" in lines
    assert _plan(raw).max_duration_s == 7 * 86400
    bounded = {"analysis": {"webhooks": hooks[:1]}}
    assert _plan(bounded).max_duration_s - _plan().max_duration_s > 3600 * 11
