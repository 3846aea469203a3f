"""What is refused: bad input on the left, the words on the right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.config.samples import APP, TUTORIAL, problems, stack

PODINFO = "canary:apps.podinfo"


def _one(app: dict[str, Any], **others: Any) -> str:
    found = problems(stack(app, **others))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("analysis", "problem"),
    [
        ({"interval": "10"}, "interval: “10” has no unit: write 10s for seconds"),
        ({"interval": "1mm"}, "interval: “1mm” is not a duration: unit “mm” is none of"),
        ({"interval": 10}, "interval: 10 has no unit: write 10s for seconds"),
        ({"interval": ["10s"]}, "interval: must be a duration such as 10s"),
        ({"interval": ""}, "interval: a duration is a number with a unit"),
        ({"interval": "-5s"}, "interval: “-5s” is negative"),
        ({"interval": "0s"}, "interval: must be longer than 0s"),
        ({"interval": "9s"}, "interval: 9s is shorter than two scrapes of Prometheus (2 × 5s"),
        ({"stepWeights": [10, 10]}, "stepWeights: must rise: [10, 10]"),
        ({"stepWeights": [30, 10]}, "stepWeights: must rise: [30, 10]"),
        ({"stepWeights": [10, 101]}, "stepWeights[1]: must be at most 100, not 101"),
        ({"stepWeights": [0, 10]}, "stepWeights[0]: must be at least 1, not 0"),
        ({"stepWeights": []}, "stepWeights: must name at least one weight"),
        ({"stepWeights": [1], "stepWeight": 5}, "stepWeight: stepWeights lists the weights"),
        ({"stepWeights": [1], "maxWeight": 5}, "maxWeight: stepWeights lists the weights"),
        ({"stepWeight": 0}, "stepWeight: must be at least 1, not 0"),
        ({"stepWeight": 5.5}, "stepWeight: must be a whole number, not 5.5"),
        ({"stepWeight": "5 %"}, "stepWeight: must be a number"),
        ({"stepWeight": True}, "stepWeight: must be a number, not true or false"),
        ({"maxWeight": 4}, "maxWeight: 4 is below stepWeight, 5"),
        ({"stepWeight": 60}, "maxWeight: 50 is below stepWeight, 60"),
        ({"threshold": 0}, "threshold: must be at least 1, not 0"),
        ({"strict": "yes"}, "strict: must be true or false"),
        ({"onInconclusive": "hope"}, "onInconclusive: must be rollback or promote"),
        ({"canaryReadyThreshold": 101}, "canaryReadyThreshold: must be at most 100, not 101"),
        ({"intervall": "10s"}, "intervall: is unknown; did you mean interval?"),
        ({"step_weight": 5}, "step_weight: is unknown; did you mean stepWeight?"),
        (
            {"zzz": 1},
            "zzz: is unknown; known here: alerts, badStatus, baseline, ",
        ),
        ({"metrics": {}}, "metrics: must be a list"),
        ({"expectedRequestsPerSecond": 0}, "expectedRequestsPerSecond: must be over 0, not 0"),
    ],
)
def test_an_analysis(analysis: dict[str, Any], problem: str) -> None:
    assert _one({"analysis": analysis}).startswith(f"{PODINFO}.analysis.{problem}")


def test_what_no_run_carries_out_is_refused_by_name() -> None:
    problem = _one({"suspend": True})
    assert problem.startswith(f"{PODINFO}.suspend: is not needed")


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        ({"name": "latency"}, ".name: is no builtin metric; there are request-success-rate and"),
        ({"thresholdRange": {}}, ".thresholdRange: request-success-rate needs min, in percent"),
        ({"thresholdRange": {"max": 1}}, ".thresholdRange: request-success-rate needs min"),
        ({"thresholdRange": {"min": 9, "max": 1}}, ".thresholdRange: min 9 is over max 1"),
        ({"thresholdRange": {"min": 101}}, ".thresholdRange: min of request-success-rate is a"),
        ({"thresholdRange": {"min": 0}}, ".thresholdRange: min of request-success-rate is a"),
        ({"thresholdRange": {"min": float("nan")}}, ".thresholdRange.min: must be a finite"),
        ({"thresholdRange": {"mni": 9}}, ".thresholdRange.mni: is unknown; did you mean min?"),
        ({"threshold": 99}, ".threshold: is deprecated in the peer too"),
        ({"query": "up"}, ".query: belongs to a metric of your own; request-success-rate is"),
        ({"templateRef": {"name": "x"}}, ".templateRef: belongs to a metric of your own"),
        ({"interval": "1"}, ".interval: “1” has no unit"),
    ],
)
def test_a_metric(metric: dict[str, Any], problem: str) -> None:
    whole = {"name": "request-success-rate", "thresholdRange": {"min": 99}, **metric}
    found = problems(stack({"analysis": {"metrics": [whole]}}))
    assert any(text.startswith(f"{PODINFO}.analysis.metrics[0]{problem}") for text in found), found


@pytest.mark.parametrize(
    ("bounds", "problem"),
    [
        ({"min": 5}, "request-duration needs max, in milliseconds"),
        ({"max": 500, "min": 5}, "request-duration has no min"),
        ({"max": 0.5}, "max of request-duration is in milliseconds, from 5 to 10000"),
        ({"max": 20000}, "max of request-duration is in milliseconds, from 5 to 10000"),
    ],
)
def test_a_latency_bound(bounds: dict[str, Any], problem: str) -> None:
    metric = {"name": "request-duration", "thresholdRange": bounds}
    found = problems(stack({"analysis": {"metrics": [metric]}}))
    assert any(problem in text for text in found), found


def test_a_metric_is_listed_once() -> None:
    metrics = [TUTORIAL["analysis"]["metrics"][0]] * 2
    problem = _one({"analysis": {"metrics": metrics}})
    assert problem == f"{PODINFO}.analysis.metrics[1]: request-success-rate is listed twice"


@pytest.mark.parametrize(
    ("hook", "problem"),
    [
        ({"type": "before"}, ".type: is none of confirm-rollout, pre-rollout, rollout, confirm-"),
        ({"onGateTimeout": "wait"}, ".onGateTimeout: "),
        ({"gateTimeout": "0s"}, ".gateTimeout: "),
        ({"gateTimeout": "1m"}, ".gateTimeout: is for webhooks that hold a run (confirm-rollout, "),
        ({"type": "rollback", "onGateTimeout": "pass"}, ".onGateTimeout: is for webhooks that hol"),
        ({"url": "http://u:p@h/"}, ".url: must not contain credentials"),
        ({"url": "ftp://h/"}, ".url: must start with http:// or https://"),
        ({"url": "http:///x"}, ".url: is not a URL"),
        ({"url": "http://h:99999/"}, ".url: is not a URL"),
        ({"url": 5}, ".url: must be a URL"),
        ({"timeout": "5"}, ".timeout: “5” has no unit"),
        ({"retries": -1}, ".retries: must be at least 0, not -1"),
        ({"name": ""}, ".name: must not be empty"),
        ({"headers": {"X A": "b"}}, '.headers["X A"]: must be the name of a header'),
        ({"signature": {"name": "hook"}}, ".signature.key: is required"),
        ({"metadata": {"a": 1.5}}, ".metadata.a: must be a text: put quotes around it"),
    ],
)
def test_a_webhook(hook: dict[str, Any], problem: str) -> None:
    whole = {"name": "load", "type": "rollout", "url": "http://h/", **hook}
    problem_found = _one({"analysis": {"webhooks": [whole]}})
    assert problem_found.startswith(f"{PODINFO}.analysis.webhooks[0]{problem}")


def test_webhooks_have_names_of_their_own() -> None:
    hooks = [{"name": "a", "url": "http://h/"}, {"name": "a", "url": "http://i/"}]
    assert "another webhook has this name" in _one({"analysis": {"webhooks": hooks}})


@pytest.mark.parametrize(
    ("app", "problem"),
    [
        ({"image": "Podinfo:1"}, "image: “Podinfo:1” is not an image reference"),
        ({"image": "a b"}, "image: “a b” is not an image reference"),
        ({"image": "podinfo:"}, "image: “podinfo:” is not an image reference"),
        ({"image": "https://r/app"}, "image: this text is not an image reference"),
        ({"image": 6.9}, "image: must be an image such as"),
        ({"namespace": ["test"]}, "namespace: must be a text"),
        ({"host": {}}, "host: must be a text"),
        ({"namespace": "Test"}, "namespace: “Test” is not a DNS label"),
        ({"namespace": "a" * 64}, "namespace: this text is not a DNS label"),
        ({"host": "app_1.example.com"}, "host: “app_1.example.com” is not a DNS name"),
        ({"host": "*.example.com"}, "host: “*.example.com” is not a DNS name"),
        ({"path": "api"}, "path: must be a path prefix such as /api"),
        ({"path": "/a`b"}, "path: must be a path prefix"),
        ({"replicas": 0}, "replicas: must be at least 1, not 0"),
        ({"replicas": "three"}, "replicas: must be a number"),
        ({"imagee": "x"}, "imagee: is unknown; did you mean image?"),
        ({"service": {"name": "x"}}, "service.name: is not needed: the Service has the app's"),
        ({"service": {"port": 70000}}, "service.port: must be at most 65535, not 70000"),
        ({"service": {"targetPort": "http"}}, "service.targetPort: must be a number"),
        ({"targetRef": {"name": "other"}}, "targetRef.name: is other, but the Deployments are"),
        ({"provider": "istio"}, "provider: must be traefik"),
        ({"autoscalerRef": {}}, "autoscalerRef: is not needed: write autoscaler"),
        ({"suspend": True}, "suspend: is not needed"),
        (
            {"autoscaler": {"minReplicas": 5, "maxReplicas": 3}},
            "autoscaler: minReplicas 5 is over maxReplicas 3",
        ),
        (
            {"podDisruptionBudget": {"minAvailable": 1, "maxUnavailable": 1}},
            "podDisruptionBudget: minAvailable and maxUnavailable exclude each other",
        ),
        (
            {"podDisruptionBudget": {"minAvailable": "half"}},
            "podDisruptionBudget.minAvailable: must be a number of pods or a percentage",
        ),
        ({"probes": {"readiness": {}}}, "probes.readiness: needs exactly one of httpGet"),
        ({"podTemplate": ["x"]}, "podTemplate: must be a mapping"),
        ({"podTemplate": {"kind": "Pod"}}, "podTemplate: has the keys metadata and spec, and no"),
        ({"podTemplate": {"spec": 1}}, "podTemplate: spec must be a mapping"),
        (
            {"podTemplate": {"metadata": {"labels": {"app.kubernetes.io/version": "x"}}}},
            "podTemplate: must not set app.kubernetes.io/version",
        ),
        (
            {"podTemplate": {"metadata": {"annotations": {"canary.rollout/owner": "x"}}}},
            "podTemplate: must not set canary.rollout/owner",
        ),
        (
            {"env": {"A": {"value": "x", "secretKeyRef": {"name": "s", "key": "k"}}}},
            "env.A: needs exactly one of value, secretKeyRef, configMapKeyRef",
        ),
        ({"env": {"A": {}}}, "env.A: needs exactly one of value"),
        ({"env": {"A": 1.5}}, "env.A.value: must be a text: put quotes around it"),
        ({"env": {"A B": "x"}}, 'env["A B"]: is not a name for an environment variable'),
        ({"configFiles": {"x.yaml": ""}}, 'configFiles["x.yaml"]: must be the absolute path'),
        ({"configFiles": {"/etc/../x": ""}}, 'configFiles["/etc/../x"]: must be the absolute'),
        ({"resources": {"limits": {"cpu": "fast"}}}, "resources.limits.cpu: “fast” is not a"),
        ({"resources": {"limits": {"cpu": True}}}, "resources.limits.cpu: must be a quantity"),
        ({"tls": {"secretNam": "x"}}, "tls.secretNam: is unknown; did you mean secretName?"),
        ({"env": {"A": {"secretKeyRef": {"nme": "x", "name": "x", "key": "y"}}}}, "env.A.secret"),
        ({"shield": {"methods": ["GET", "GET"]}}, "shield.methods: must name at least one"),
        ({"shield": {"status": []}}, "shield.status: must hold at least one code"),
        (
            {"podDisruptionBudget": {"minAvailable": -1}},
            "podDisruptionBudget.minAvailable: must be a number of pods or a percentage",
        ),
        (
            {"podTemplate": {"metadata": {"labels": ["x"]}}},
            "podTemplate: metadata.labels and metadata.annotations must be mappings",
        ),
        ({"shield": {"methods": ["POST"]}}, "shield.methods[0]: must be GET, HEAD or OPTIONS"),
        ({"shield": {"status": ["200"]}}, "shield.status: must hold codes or ranges from 400"),
        ({"shield": {"status": ["599-500"]}}, "shield.status: must hold codes or ranges"),
        (
            {"preStopSleepSeconds": 30},
            "preStopSleepSeconds: must be shorter than terminationGracePeriodSeconds, 30",
        ),
        ({"soak": "1s"}, "soak: 1s is shorter than one scrape of Prometheus (5s)"),
        ({"maxDuration": "1m"}, "maxDuration: 1m is less than the steps take, 1m50s"),
        ({"renderer": 2}, "renderer: must be at most 1, not 2"),
    ],
)
def test_an_app(app: dict[str, Any], problem: str) -> None:
    assert _one(app).startswith(f"{PODINFO}.{problem}")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Pod", "canary:apps.Pod: “Pod” is not a DNS label"),
        ("1pod", 'canary:apps["1pod"]: “1pod” is not a DNS label'),
        ("pod.info", 'canary:apps["pod.info"]: “pod.info” is not a DNS label'),
        ("pod-", "canary:apps.pod-: “pod-” is not a DNS label"),
        ("a" * 44, f"canary:apps.{'a' * 44}: “{'a' * 44}” has 44 characters; at most 43 fit"),
    ],
)
def test_a_name(name: str, problem: str) -> None:
    found = problems({"apps": {name: APP}})
    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"x" * 61: {}}, "canary:…: is unknown; known here: alertAddresses, "),
        ({"aps": {}}, "canary:aps: is unknown; did you mean apps?"),
        ({"apps": []}, "canary:apps: must be a mapping from app names to apps"),
        ({"apps": {"a": 1}}, "canary:apps.a: must be a mapping, not 1"),
        (
            {"prometheus": {"install": False}},
            "canary:prometheus.access: of a Prometheus that exists: say service and port",
        ),
        (
            {"prometheus": {"access": {"via": "direct"}}},
            "canary:prometheus.access.url: via: direct needs url",
        ),
        (
            {"traefik": {"access": {"url": "http://t:8080"}}},
            "canary:traefik.access.url: belongs to via: direct",
        ),
        (
            {"traefik": {"access": {"via": "tunnel"}}},
            "canary:traefik.access.via: must be proxy, direct or portForward",
        ),
        (
            {"prometheus": {"access": {"via": "direct", "url": "https://u:p@prom/"}}},
            "canary:prometheus.access.url: must not contain credentials",
        ),
        (
            {"traefik": {"latencyBuckets": [0]}},
            "canary:traefik.latencyBuckets[0]: must be over 0, not 0",
        ),
        (
            {"kubeconfig": "x", "kubernetes": {"kubeconfig": "~/.kube/config"}},
            "canary:kubernetes.kubeconfig: canary:kubeconfig holds one too",
        ),
        ({"kubernetes": {"contxt": "a"}}, "canary:kubernetes.contxt: is unknown; did you mean"),
    ],
)
def test_a_stack(raw: dict[str, Any], problem: str) -> None:
    found = problems(raw)
    assert len(found) == 1
    assert found[0].startswith(problem)
