"""What is accepted, and what it becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from canary.config import BUCKET_EDGES_S, AppConfig, StackConfig, decoded, load
from canary.core.plan import CheckName
from canary.core.seen import HookType
from tests.config.samples import APP, TUTORIAL, loaded, stack


def test_an_app_needs_three_lines() -> None:
    app = loaded().apps["podinfo"]
    assert app.name == "podinfo"
    assert (app.replicas, app.service.container_port, app.path) == (2, 80, None)
    assert (app.analysis.interval, app.analysis.threshold) == (10.0, 2)
    assert [
        (m.name, m.threshold_range.min, m.threshold_range.max) for m in app.analysis.metrics
    ] == [
        (CheckName.SUCCESS_RATE, 99.0, None),
        (CheckName.DURATION, None, 500.0),
    ]


def test_every_field_of_the_peers_tutorial_means_here_what_it_means_there() -> None:
    app = loaded(TUTORIAL).apps["podinfo"]
    analysis, hook = app.analysis, app.analysis.webhooks[0]
    assert (app.progress_deadline_seconds, app.service.port) == (60, 80)
    assert app.service.container_port == 9898
    assert (analysis.interval, analysis.threshold) == (10.0, 10)
    assert (analysis.max_weight, analysis.step_weight) == (50, 5)
    assert [m.interval for m in analysis.metrics] == [60.0, 60.0]
    assert (hook.type, hook.timeout, hook.retries) == (HookType.ROLLOUT, 5.0, 0)
    assert hook.metadata["cmd"].startswith("hey -z 10m")


def test_nothing_at_all_is_a_stack_without_apps() -> None:
    assert load({}) == StackConfig()


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("key", ["traefik", "prometheus", "loadtester", "guard", "networkPolicies"])
def test_a_flag_in_a_components_place_says_whether_it_is_installed(
    key: str,
    flag: bool,  # noqa: FBT001
) -> None:
    said = decoded({f"canary:{key}": json.dumps(flag)})
    whole = StackConfig.model_validate({key: {"install": flag}}, by_alias=True)
    assert StackConfig.model_validate(said, by_alias=True) == whole


@pytest.mark.parametrize(
    "app",
    [
        {},
        TUTORIAL,
        {"analysis": {"stepWeights": [1, 10, 100]}, "soak": "1m", "maxDuration": "1h"},
        {"autoscaler": {"maxReplicas": 5, "targetCPUUtilizationPercentage": 70}},
        {"env": {"A": "x", "B": {"secretKeyRef": {"name": "s", "key": "k"}}}, "args": [1, True]},
        {"resources": {"requests": {"cpu": 1, "memory": "64Mi"}}},
        {"podDisruptionBudget": {"maxUnavailable": "50%"}, "tls": {}, "path": "/api"},
        {"podTemplate": {"metadata": {"labels": {"team": "a"}}, "spec": {"hostNetwork": False}}},
    ],
)
def test_a_dump_that_went_through_pulumi_reads_back_the_same(app: dict[str, Any]) -> None:
    """Pulumi turns every number into a float."""
    before = loaded(app).apps["podinfo"]
    dump = before.model_dump(by_alias=True, exclude_none=True, mode="json")
    after = AppConfig.model_validate(json.loads(json.dumps(dump), parse_int=float))
    assert after.model_dump() == before.model_dump()
    assert isinstance(after.replicas, int)


def test_short_and_long_forms_of_an_environment_variable() -> None:
    env = loaded({"env": {"PORT": 8080, "DEBUG": True, "NAME": {"value": ""}}}).apps["podinfo"].env
    assert {name: variable.value for name, variable in env.items()} == {
        "PORT": "8080",
        "DEBUG": "true",
        "NAME": "",
    }


def test_one_app_may_live_in_two_namespaces() -> None:
    other = {**APP, "name": "podinfo", "namespace": "blue", "host": "blue.example.com"}
    config = load({"apps": {**stack()["apps"], "podinfo-blue": other}})
    assert [app.name for app in config.apps.values()] == ["podinfo", "podinfo"]


def test_one_host_may_serve_two_paths() -> None:
    other = {**APP, "path": "/api"}
    assert len(load({"apps": {**stack()["apps"], "api": other}}).apps) == 2


def test_edges_may_be_added_and_are_taken_as_told_from_a_traefik_that_exists() -> None:
    ours = loaded(traefik={"latencyBuckets": [0.35, 20]}).traefik
    assert ours.bucket_edges_s == tuple(sorted([*BUCKET_EDGES_S, 0.35, 20.0]))
    foreign = loaded(traefik={"install": False, "latencyBuckets": [5, 0.1, 1]}).traefik
    assert foreign.bucket_edges_s == (0.1, 1.0, 5.0)


def test_pulumis_flat_configuration_is_decoded() -> None:
    """Other namespaces are not ours, and a kubeconfig in JSON stays the text that it is."""
    flat = {
        "canary:apps": json.dumps(stack()["apps"]),
        "canary:kubeconfig": '{"kind": "Config"}',
        "canary:traefik": "{",
        "pulumi:tags": "{",
    }
    assert decoded(flat)["traefik"] == "{"  # not JSON: the model says what it should be
    del flat["canary:traefik"]
    config = load(decoded(flat))
    assert config.apps["podinfo"].host == "app.example.com"
    assert config.kubeconfig is not None
    assert config.kubeconfig.get_secret_value() == '{"kind": "Config"}'


@pytest.mark.parametrize(
    "image",
    [
        "podinfo",
        "podinfo:6.9.2",
        "localhost:5000/team/app:v1",
        "ghcr.io/a/b_c__d.e-f:TAG_1",
        "r.example/app@sha256:" + "0" * 64,
        "r.example/app:1@sha256:" + "a" * 64,
    ],
)
def test_image_references(image: str) -> None:
    assert loaded({"image": image}).apps["podinfo"].image == image


def test_the_longest_name_still_fits_its_suffixes() -> None:
    name = "a" * 43
    assert len(f"{name}-0123456789-fallback") == 63
    assert load({"apps": {name: APP}}).apps[name].name == name


def test_a_configuration_cannot_be_changed() -> None:
    app = loaded().apps["podinfo"]
    with pytest.raises(Exception, match="frozen"):
        app.replicas = 3  # type: ignore[misc]


def test_numbers_may_be_texts_as_pulumi_config_set_writes_them() -> None:
    app = load(stack({"analysis": {"stepWeight": "10", "warmUp": "1s"}, "replicas": "3"}))
    assert app.apps["podinfo"].analysis.step_weight == 10
    assert app.apps["podinfo"].replicas == 3
