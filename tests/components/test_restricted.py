"""Every pod that a stack declares passes the pod security level `restricted`."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.components import recorder
from tests.components.apps import PODINFO
from tests.components.restricted import broken

FULL = {
    **PODINFO,
    "configFiles": {"/etc/app/x.yaml": "a: 1"},
    "env": {"TOKEN": {"secretKeyRef": {"name": "app", "key": "token"}}},
    "autoscaler": {"minReplicas": 2, "maxReplicas": 4},
    "preStopSleepSeconds": 2,
    "analysis": {"alerts": [{"name": "on-call", "providerRef": {"name": "ops"}}]},
}
EVERYTHING: dict[str, Any] = {
    "apps": {"podinfo": FULL},
    "guard": {"replicas": 3},
    "prometheus": {"storage": {"size": "1Gi"}},
    "alertProviders": {"ops": {"type": "slack", "secretRef": {"name": "hook"}}},
    "networkPolicies": {"install": True},
}


@pytest.mark.parametrize("settings", [{"apps": {"podinfo": PODINFO}}, EVERYTHING])
def test_no_pod_breaks_a_rule(settings: dict[str, Any]) -> None:
    pods = recorder.stack(settings).pods()
    assert len(pods) == 5
    assert {name: broken(template) for name, template in pods.items()} == dict.fromkeys(pods, ())


def change(template: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The template with one value more; None takes it away."""
    after = copy.deepcopy(template)
    *way, last = path.split(".")
    place: Any = after["spec"]
    for step in way:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return after


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("hostNetwork", True, "hostNetwork"),
        ("hostPID", True, "hostPID"),
        ("hostIPC", True, "hostIPC"),
        ("volumes.0.hostPath", {"path": "/"}, "volume hostPath"),
        ("volumes.0.nfs", {"server": "x"}, "volume nfs"),
        ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}], "sysctls"),
        ("securityContext.runAsUser", 0, "runAsUser"),
        ("securityContext.windowsOptions", {"hostProcess": True}, "hostProcess"),
        ("securityContext.appArmorProfile", {"type": "Unconfined"}, "appArmor"),
        ("securityContext.seLinuxOptions", {"type": "spc_t"}, "seLinuxOptions"),
        ("securityContext.seLinuxOptions", {"user": "root"}, "seLinuxOptions"),
        ("securityContext.runAsNonRoot", None, "guard: runAsNonRoot"),
        ("securityContext.seccompProfile", {"type": "Unconfined"}, "guard: seccompProfile"),
        ("securityContext.seccompProfile", None, "guard: seccompProfile"),
        ("containers.0.securityContext.runAsUser", 0, "guard: runAsUser"),
        ("containers.0.securityContext.runAsNonRoot", False, "guard: runAsNonRoot"),
        ("containers.0.securityContext.privileged", True, "guard: privileged"),
        ("containers.0.securityContext.procMount", "Unmasked", "guard: procMount"),
        (
            "containers.0.securityContext.allowPrivilegeEscalation",
            None,
            "guard: allowPrivilegeEscalation",
        ),
        ("containers.0.securityContext.capabilities", None, "guard: capabilities.drop"),
        ("containers.0.securityContext.capabilities.add", ["SYS_ADMIN"], "guard: capabilities.add"),
        ("containers.0.ports.0.hostPort", 80, "guard: hostPort"),
        ("containers.0.readinessProbe.httpGet.host", "x", "guard: host of a probe"),
        ("containers.0.lifecycle", {"preStop": {"tcpSocket": {"host": "x"}}}, "guard: host of a"),
    ],
)
def test_each_rule_is_looked_at(path: str, value: Any, rule: str) -> None:
    pods = recorder.stack({"apps": {"podinfo": PODINFO}}).pods()
    (template,) = (pod for name, pod in pods.items() if name.startswith("canary-guard-"))
    (found,) = broken(change(template, path, value))
    assert found.startswith(rule)


def test_an_annotation_that_unconfines_is_a_broken_rule() -> None:
    (template, *_) = recorder.stack({"apps": {"podinfo": PODINFO}}).pods().values()
    key = "container.apparmor.security.beta.kubernetes.io/app"
    loose = {**template, "metadata": {"annotations": {key: "unconfined"}}}
    assert broken(loose) == ("appArmor",)
