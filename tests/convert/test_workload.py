"""What runs is taken from the Deployment, its autoscaler and its route."""

from __future__ import annotations

from typing import Any

import pytest

from canary.convert.remarks import Kind
from tests.convert.samples import (
    app_of,
    canary,
    container,
    convert,
    deployment,
    route,
    said,
    thing,
    why,
)

SCALER = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "podinfo"}
HPA = {"minReplicas": 2, "maxReplicas": 4, "targetCPUUtilizationPercentage": 99}
REFERENCE = "Canary test/podinfo: spec.autoscalerRef"


def test_what_has_no_key_of_its_own_goes_into_the_pod_template() -> None:
    reference = {"name": "db", "key": "password"}
    env: list[dict[str, Any]] = [
        {"name": "LEVEL", "value": "info"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": reference}},
        {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LATER", "value": "$(POD)"},
    ]
    main = container(env=env, livenessProbe={"tcpSocket": {"port": 9898}}, workingDir="/srv")
    main["ports"].append({"name": "grpc", "containerPort": 9999})
    sidecar = {"name": "proxy", "image": "proxy:1"}
    pod = {
        "serviceAccountName": "web",
        "terminationGracePeriodSeconds": 3,
        "imagePullSecrets": [{"name": "registry"}],
        "volumes": [{"name": "config", "configMap": {"name": "config"}}],
    }
    result = convert(
        canary(service={"port": 80, "targetPort": "http"}),
        deployment(main, sidecar, **pod),
        route(),
    )
    app = app_of(result)
    assert app.service.container_port == 9898
    assert set(app.env) == {"LEVEL", "PASSWORD"}
    assert app.probes.liveness
    assert app.image_pull_secrets == ("registry",)
    assert app.pre_stop_sleep_seconds < app.termination_grace_period_seconds == 3
    assert app.pod_template
    spec = app.pod_template["spec"]
    own, other = spec["containers"]
    assert own["name"] == "podinfo"
    assert [variable["name"] for variable in own["env"]] == ["POD", "LATER"]
    assert (own["workingDir"], [port["name"] for port in own["ports"]]) == ("/srv", ["grpc"])
    assert other == sidecar
    assert spec["automountServiceAccountToken"] is True
    assert app.pod_template["metadata"]["labels"] == {"team": "web"}
    assert "configFiles" in why(result, "Deployment test/podinfo: spec.template")


def test_a_named_port_needs_the_deployment() -> None:
    result = convert(canary(service={"port": 80, "targetPort": "http"}))
    assert "Canary test/podinfo: spec.service.targetPort" in said(result, Kind.MISSING)
    assert app_of(result).service.target_port is None


def test_the_deployment_that_the_peer_left_without_pods_does_not_tell_how_many() -> None:
    raw = deployment()
    raw["spec"]["replicas"] = 0
    result = convert(canary(), raw, route())
    assert said(result, Kind.MISSING) == ["Deployment test/podinfo: spec.replicas"]
    raw["spec"]["replicas"] = 3
    assert app_of(convert(canary(), raw)).replicas == 3


def test_under_the_peer_the_primary_tells_how_many_pods_and_which_image_serve() -> None:
    target, primary = deployment(), deployment(container(image="podinfo:serving"))
    target["spec"]["replicas"], primary["spec"]["replicas"] = 0, 3
    primary["metadata"]["name"] = "podinfo-primary"
    result = convert(canary(), target, primary, route())
    app = app_of(result)
    assert (app.image, app.replicas) == ("podinfo:serving", 3)
    assert "is not judged" in why(result, "Deployment test/podinfo: spec.template")
    assert result.is_whole


def test_the_primarys_image_is_not_spoken_of_when_it_is_the_same() -> None:
    primary = deployment()
    primary["metadata"]["name"] = "podinfo-primary"
    result = convert(canary(), deployment(), primary, route())
    assert "is not judged" not in why(result, "Deployment test/podinfo: spec.template")


FILLED_IN = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
}


@pytest.mark.parametrize(
    ("image", "pulled"),
    [
        ("registry:5000/podinfo:6.9.2", "IfNotPresent"),
        ("registry:5000/podinfo", "Always"),
        ("podinfo:latest", "Always"),
        (f"podinfo@sha256:{'0' * 64}", "IfNotPresent"),
        (f"podinfo:latest@sha256:{'0' * 64}", "Always"),
    ],
)
def test_what_the_api_server_filled_in_is_left_out(image: str, pulled: str) -> None:
    filled = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
    main = container(image=image, imagePullPolicy=pulled, resources={}, **filled)
    account = {"serviceAccount": "web", "serviceAccountName": "web"}
    written = app_of(convert(canary(), deployment(main, **FILLED_IN, **account))).pod_template
    assert written
    named = {"serviceAccountName": "web", "automountServiceAccountToken": True}
    assert written["spec"] == named


def test_what_somebody_wrote_in_a_defaults_place_is_kept() -> None:
    main = container(imagePullPolicy="Always", terminationMessagePolicy="FallbackToLogsOnError")
    sidecar = {"name": "proxy", "image": "proxy:1", "imagePullPolicy": "IfNotPresent"}
    pod = FILLED_IN | {"dnsPolicy": "Default"}
    written = app_of(convert(canary(), deployment(main, sidecar, **pod))).pod_template
    assert written
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    own = {"name": "podinfo", "imagePullPolicy": "Always", **policy}
    containers = [own, {"name": "proxy", "image": "proxy:1"}]
    assert written["spec"] == {"dnsPolicy": "Default", "containers": containers}


def test_an_own_way_to_stop_is_kept() -> None:
    hook = {"preStop": {"exec": {"command": ["sleep", "10"]}}}
    app = app_of(convert(canary(), deployment(container(lifecycle=hook))))
    assert app.pre_stop_sleep_seconds == 0


def test_the_autoscaler_goes_over() -> None:
    reference = SCALER | {"primaryScalerReplicas": {"minReplicas": 3}}
    target = deployment()
    target["spec"]["replicas"] = 0  # as the peer leaves it: the autoscaler says how many
    result = convert(canary(autoscalerRef=reference), target, route(), thing(SCALER["kind"], HPA))
    app = app_of(result)
    assert app.autoscaler
    assert (app.autoscaler.min_replicas, app.autoscaler.max_replicas) == (3, 4)
    assert "replicas" not in result.config["canary:apps"]["podinfo"]
    assert result.is_whole


@pytest.mark.parametrize(
    ("reference", "kind"),
    [(SCALER, Kind.MISSING), (SCALER | {"kind": "ScaledObject"}, Kind.DROPPED)],
)
def test_an_autoscaler_that_cannot_be_made_is_named(reference: dict[str, Any], kind: Kind) -> None:
    result = convert(canary(autoscalerRef=reference), deployment(), route())
    assert REFERENCE in said(result, kind)
    assert app_of(result).autoscaler is None


def test_other_kinds_than_deployments_are_named() -> None:
    result = convert(canary(targetRef={"kind": "DaemonSet", "name": "podinfo"}), deployment())
    assert "Canary test/podinfo: spec.targetRef" in said(result, Kind.DROPPED)


def test_path_and_tls_come_from_the_route() -> None:
    match = "Host(`a.example.com`) && PathPrefix(`/api`)"
    extra = {"entryPoints": ["websecure"], "tls": {"secretName": "cert"}}
    app = app_of(convert(canary(), deployment(), route(match, **extra)))
    assert (app.host, app.path, app.entry_points) == ("a.example.com", "/api", ("websecure",))
    assert app.tls
    assert app.tls.secret_name == "cert"


def test_a_rule_that_is_not_understood_is_left_to_a_person() -> None:
    result = convert(canary(), deployment(), route("HostRegexp(`.+`)"))
    assert app_of(result).host == "podinfo.set-the-host.invalid"
    assert "IngressRoute test/podinfo: spec.routes[0].match" in said(result, Kind.MISSING)
