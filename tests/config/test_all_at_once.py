"""All problems at once, and never a secret among them."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from canary.config import load
from canary.errors import ConfigError
from tests.config.samples import APP, problems, stack

SECRET = "hunter2-Xk9"


def test_rules_between_fields_are_reported_beside_wrong_fields() -> None:
    """A duration that cannot be read does not hide that maxWeight is below stepWeight."""
    raw = stack(
        {
            "replicas": 0,
            "analysis": {"interval": "10", "stepWeight": 60, "webhoks": []},
            "soak": "1s",
        },
        prometheus={"scrapeIntervall": "1s"},
    )
    assert [text.split(": ")[0] for text in problems(raw)] == [
        "canary:prometheus.scrapeIntervall",
        "canary:apps.podinfo.replicas",
        "canary:apps.podinfo.analysis.interval",
        "canary:apps.podinfo.analysis.webhoks",
        "canary:apps.podinfo.analysis.maxWeight",
        "canary:apps.podinfo.soak",
    ]


def test_two_problems_in_one_list_hide_nothing_beside_it() -> None:
    hook = {"name": "a", "type": "rolluot", "url": "http://me:x@tester.ci/"}
    upside_down = {"name": "request-success-rate", "thresholdRange": {"min": 99, "max": 1}}
    raw = stack({"analysis": {"webhooks": [hook], "metrics": [upside_down]}})
    assert [text.split(": ")[0] for text in problems(raw)] == [
        "canary:apps.podinfo.analysis.webhooks[0].type",
        "canary:apps.podinfo.analysis.webhooks[0].url",
        "canary:apps.podinfo.analysis.metrics[0].thresholdRange",
    ]


def test_missing_fields_do_not_hide_the_rest_of_their_app() -> None:
    found = problems({"apps": {"podinfo": {"analysis": {"stepWeight": 60}}}})
    assert found == [
        "canary:apps.podinfo.image: is required",
        "canary:apps.podinfo.namespace: is required",
        "canary:apps.podinfo.host: is required",
        "canary:apps.podinfo.analysis.maxWeight: 50 is below stepWeight, 60",
    ]


def test_nothing_is_concluded_from_what_could_not_be_read() -> None:
    """StepWeight would be 5 if it were left out; that 3 is below it is not the user's doing."""
    found = problems(stack({"analysis": {"stepWeight": "x", "maxWeight": 3}}))
    assert found == [
        "canary:apps.podinfo.analysis.stepWeight: must be a number",
    ]


def test_two_apps_without_hosts_do_not_share_one() -> None:
    half = {"image": "a:1", "namespace": "test"}
    found = problems({"apps": {"a": half, "b": half}})
    assert found == ["canary:apps.a.host: is required", "canary:apps.b.host: is required"]


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({}, "canary:apps.other.host: canary:apps.podinfo has host app.example.com and path / too"),
        ({"path": "/"}, "canary:apps.other.host: canary:apps.podinfo has host app.example.com"),
        (
            {"name": "podinfo", "host": "b.example.com"},
            "canary:apps.other: canary:apps.podinfo has the name podinfo in test too",
        ),
        (
            {"name": "podinfo-shielded", "host": "b.example.com"},
            "canary:apps.other: podinfo-shielded is the name of an object of canary:apps.podinfo",
        ),
    ],
)
def test_two_apps_do_not_meet(other: dict[str, Any], problem: str) -> None:
    found = problems({"apps": {**stack()["apps"], "other": {**APP, **other}}})
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_no_secret_is_repeated_wherever_it_was_put() -> None:
    raw = {
        "kubeconfig": {"token": SECRET},
        "kubernetes": SECRET,
        "prometheus": {"access": {"via": "direct", "url": f"http://admin:{SECRET}@prom/"}},
        "apps": {
            "podinfo": {
                **APP,
                "image": f"https://u:{SECRET}@registry.example.com/app",
                "env": {
                    "A": {"value": SECRET, "secretKeyRef": {"name": "s", "key": "k"}},
                    "B": [SECRET],
                    "C": {"valeu": SECRET},
                    f"D={SECRET}": "",
                },
                "podTemplate": SECRET,
                "configFiles": {"/etc/app/x": [SECRET]},
                "replicas": SECRET,
                "args": [[SECRET]],
                "analysis": {
                    "webhooks": [
                        {"name": "a", "url": f"http://h:{SECRET}/?token={SECRET}"},
                        {"name": "b", "url": "http://h/", "metadata": {"token": [SECRET]}},
                        {"name": "c", "url": "http://h/", "type": SECRET},
                    ],
                },
            },
        },
    }
    with pytest.raises(ConfigError) as caught:
        load(raw)
    assert len(caught.value.problems) >= 12
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in told


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
KEYS = ["apps", "traefik", "prometheus", "kubernetes", "kubeconfig", "loadtester"]
APP_KEYS = [
    "image",
    "env",
    "analysis",
    "podTemplate",
    "service",
    "path",
    "probes",
    "shield",
    "soak",
]


@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_any_stack_is_read_or_refused(raw: dict[str, Any]) -> None:
    _read_or_refuse(raw)


@example({"podTemplate": {"two\nlines": None}}, None)
@given(st.dictionaries(st.sampled_from(APP_KEYS), json_values), json_values)
def test_any_app_is_read_or_refused(app: dict[str, Any], analysis: Any) -> None:
    _read_or_refuse(stack(app))
    _read_or_refuse(stack({"analysis": {"metrics": [analysis], "webhooks": analysis}}))


def _read_or_refuse(raw: dict[str, Any]) -> None:
    try:
        load(raw)
    except ConfigError as error:
        found = error.problems
    else:
        return
    assert found
    assert all(text.startswith("canary:") and "\n" not in text for text in found)
