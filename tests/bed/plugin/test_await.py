"""What an object lacks, why its pods are not ready, and how long that may last."""

from typing import Any

import pytest

from tests.bed.plugin.await_ import deployment_progress, timeout_s
from tests.bed.plugin.fake_api import FakeApi
from tests.bed.plugin.pods import pod_reasons


def container(state: dict[str, Any]) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "c", "state": state}]}


@pytest.mark.parametrize(
    ("requested_s", "annotation", "expected_s"),
    [(0, None, 600), (0, "30", 30), (90, "30", 90), (0, "soon", 600)],
)
def test_how_long_a_wait_may_last(
    requested_s: float, annotation: str | None, expected_s: float
) -> None:
    annotations = {"pulumi.com/timeoutSeconds": annotation} if annotation else {}
    assert timeout_s({"metadata": {"annotations": annotations}}, requested_s) == expected_s


@pytest.mark.parametrize(
    ("spec", "counts", "lacking"),
    [
        ({}, (2, 2, 2, 2), ""),
        ({}, (1, 2, 2, 2), "waiting for the controller to see the change"),
        ({}, (2, 1, 1, 1), "waiting for 2 updated pods: 1 so far"),
        ({}, (2, 3, 2, 2), "waiting for 1 old pods to end"),
        ({}, (2, 2, 2, 1), "waiting for 2 available pods: 1 so far"),
        ({"paused": True}, (2, 0, 0, 0), ""),
        ({"replicas": 0}, (2, 0, 0, 0), ""),
    ],
)
def test_what_a_deployment_lacks(
    spec: dict[str, Any], counts: tuple[int, ...], lacking: str
) -> None:
    names = ("observedGeneration", "replicas", "updatedReplicas", "availableReplicas")
    live = {
        "metadata": {"namespace": "a", "generation": 2},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "replicas": 2, **spec},
        "status": dict(zip(names, counts, strict=True)),
    }
    assert deployment_progress(FakeApi().api(), live).lacking == lacking


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            {
                "conditions": [
                    {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes",
                    },
                ]
            },
            "pod p: Unschedulable: 0/1 nodes",
        ),
        (container({"terminated": {"exitCode": 3}}), "c ended with exit code 3"),
        (container({"running": {}}), "c runs but is not ready"),
        (
            {
                "initContainerStatuses": [
                    {
                        "name": "c",
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        "lastState": {"terminated": {"exitCode": 2}},
                    }
                ]
            },
            "pod p: c CrashLoopBackOff (last exit code 2)",
        ),
    ],
)
def test_why_a_pod_is_not_ready(status: dict[str, Any], told: str) -> None:
    server = FakeApi()
    pods = [{"metadata": {"name": "p"}, "status": status}]
    server.listings["/api/v1/namespaces/a/pods"] = {"items": pods}
    [reason] = pod_reasons(server.api(), "a", {"matchLabels": {"app": "web"}})
    assert reason.endswith(told)
