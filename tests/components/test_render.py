"""Rendering and its hash are frozen, and the hash covers what runs and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.errors import RenderError
from canary.render import RenderedVersion, render_version
from tests.components.apps import PODINFO, app_of

GOLDEN = Path(__file__).parent / "golden"
CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "everything": {
        "service": {"port": 8080, "targetPort": 9898, "portName": "web", "appProtocol": "http"},
        "command": ["./podinfo"],
        "args": ["--port=9898"],
        "env": {
            "COLOUR": "blue",
            "WORKERS": 4,
            "PASSWORD": {"secretKeyRef": {"name": "podinfo", "key": "password"}},
            "REGION": {"configMapKeyRef": {"name": "site", "key": "region", "optional": True}},
        },
        "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "128Mi"}},
        "probes": {
            "readiness": {"httpGet": {"path": "/readyz", "port": 9898}, "periodSeconds": 1},
            "liveness": {"httpGet": {"path": "/healthz", "port": 9898}},
            "startup": {"tcpSocket": {"port": 9898}, "failureThreshold": 30},
        },
        "configFiles": {"/etc/podinfo/a.yaml": "a: 1\n", "/etc/podinfo/b.yaml": "b: 2\n"},
        "imagePullSecrets": ["registry"],
        "preStopSleepSeconds": 3,
        "terminationGracePeriodSeconds": 20,
        "podTemplate": {
            "metadata": {"annotations": {"team": "demo"}},
            "spec": {
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "volumes": [{"name": "data", "emptyDir": {"medium": "Memory"}}],
                "containers": [
                    {
                        "name": "podinfo",
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                        "securityContext": {"readOnlyRootFilesystem": None},
                    },
                    {"name": "sidecar", "image": "registry.example.com/sidecar:1"},
                ],
            },
        },
    },
}
# Everything about an app that decides how its pods behave; each must make another version.
WHAT_RUNS: tuple[dict[str, Any], ...] = (
    {"image": "ghcr.io/stefanprodan/podinfo:6.9.3"},
    {"env": {"COLOUR": "blue"}},
    {"env": {"COLOUR": "green"}},
    {"env": {"COLOUR": {"secretKeyRef": {"name": "a", "key": "b"}}}},
    {"args": ["--random-error"]},
    {"command": ["./podinfo"]},
    {"resources": {"requests": {"cpu": "1"}}},
    {"probes": {"readiness": {"httpGet": {"path": "/", "port": 9898}}}},
    {"configFiles": {"/etc/podinfo/a.yaml": "a: 1\n"}},
    {"configFiles": {"/etc/podinfo/a.yaml": "a: 2\n"}},
    {"configFiles": {"/etc/podinfo/b.yaml": "a: 1\n"}},
    {"imagePullSecrets": ["registry"]},
    {"podTemplate": {"metadata": {"annotations": {"a": "b"}}}},
    {"service": {"port": 80, "targetPort": 9899}},
    {"service": {"port": 81, "targetPort": 9898}},
    {"preStopSleepSeconds": 6},
    {"terminationGracePeriodSeconds": 60},
)
# What is said about an app beside that: no run may start because of it.
WHAT_DOES_NOT: tuple[dict[str, Any], ...] = (
    {"replicas": 7},
    {"host": "other.example.com"},
    {"path": "/api"},
    {"namespace": "elsewhere"},
    {"analysis": {"interval": "30s", "stepWeight": 10}},
    {"progressDeadlineSeconds": 90},
    {"skipAnalysis": True},
    {"shield": {"enabled": False}},
    {"autoscaler": {"maxReplicas": 5}},
    {"podDisruptionBudget": {}},
    {"soak": "30s"},
    {"createNamespace": False},
)


def as_json(rendered: RenderedVersion) -> dict[str, Any]:
    return {
        "version": rendered.version,
        "podTemplate": rendered.pod_template,
        "configMaps": rendered.config_maps,
        "servicePorts": rendered.service_ports,
    }


@pytest.mark.parametrize("case", CASES)
def test_rendering_is_frozen(case: str) -> None:
    """A difference here releases every app of every user anew: it needs a new `renderer`."""
    golden = json.loads((GOLDEN / f"{case}.json").read_text())
    assert as_json(render_version(app_of(**CASES[case]))) == golden


def test_each_thing_that_runs_makes_a_version_of_its_own() -> None:
    versions = [render_version(app_of(**change)).version for change in ({}, *WHAT_RUNS)]
    assert len(set(versions)) == len(versions)


@pytest.mark.parametrize("change", WHAT_DOES_NOT, ids=lambda change: next(iter(change)))
def test_what_does_not_run_leaves_the_version_alone(change: dict[str, Any]) -> None:
    assert render_version(app_of(**change)).version == render_version(app_of()).version


@given(order=st.permutations(list(PODINFO)))
def test_the_order_of_keys_does_not_matter(order: list[str]) -> None:
    shuffled = {key: PODINFO[key] for key in order}
    assert render_version(app_of(**shuffled)) == render_version(app_of())


@given(whole=st.integers(min_value=0, max_value=10**6))
def test_a_number_that_came_back_as_a_float_is_the_same_number(whole: int) -> None:
    def with_priority(priority: float) -> RenderedVersion:
        return render_version(app_of(podTemplate={"spec": {"priority": priority}}))

    assert with_priority(float(whole)).version == with_priority(whole).version


@given(text=st.text('aé€\n\t"{}: ', max_size=20))
def test_any_text_in_a_file_is_kept_and_named(text: str) -> None:
    rendered = render_version(app_of(configFiles={"/etc/podinfo/a.txt": text}))
    assert rendered.config_maps == {
        f"podinfo-{rendered.version}-files": {"etc.podinfo.a.txt": text}
    }


def test_secrets_are_named_and_never_read() -> None:
    reference = {"secretKeyRef": {"name": "podinfo", "key": "password"}}
    template = render_version(app_of(env={"PASSWORD": reference})).pod_template
    assert template["spec"]["containers"][0]["env"] == [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "podinfo", "key": "password"}}}
    ]


def test_the_app_itself_cannot_be_merged_away() -> None:
    gone = {"spec": {"containers": [{"name": "podinfo", "$patch": "delete"}]}}
    with pytest.raises(RenderError, match="the container podinfo must stay"):
        render_version(app_of(podTemplate=gone))


def test_files_that_fit_no_object_are_refused() -> None:
    with pytest.raises(RenderError, match="at most 1000000 fit"):
        render_version(app_of(configFiles={"/etc/podinfo/a": "x" * 1_000_001}))


def test_two_files_with_one_key_are_refused() -> None:
    with pytest.raises(RenderError, match="cannot be told from another"):
        render_version(app_of(configFiles={"/etc/a.b": "", "/etc/a/b": ""}))


def test_no_pre_stop_sleep_means_no_hook() -> None:
    container = render_version(app_of(preStopSleepSeconds=0)).pod_template["spec"]["containers"][0]
    assert "lifecycle" not in container
