"""The rules of Kubernetes' pod security level `restricted`, field by field.

They are those of the Pod Security Standards for 1.34, `baseline` included. A pod that breaks none
is admitted to a namespace with `pod-security.kubernetes.io/enforce: restricted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    }
)
PROFILES = frozenset({"RuntimeDefault", "Localhost"})
SELINUX = frozenset(
    {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
)
HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")

Spec = Mapping[str, Any]


def broken(template: Spec) -> tuple[str, ...]:
    """Which rules a pod with this template breaks."""
    spec = template["spec"]
    notes = template.get("metadata", {}).get("annotations", {})
    kinds = ("containers", "initContainers", "ephemeralContainers")
    containers = [(kind, one) for kind in kinds for one in spec.get(kind, ())]
    of_containers = [
        f"{one['name']}: {rule}" for _, one in containers for rule in _of_container(one, spec)
    ]
    return (*_of_pod(spec, notes), *of_containers)


def _of_pod(spec: Spec, notes: Spec) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    for volume in spec.get("volumes", ()):
        if wrong := set(volume) - {"name"} - VOLUMES:
            yield f"volume {', '.join(sorted(wrong))}"
    context = spec.get("securityContext", {})
    if any(one["name"] not in SYSCTLS for one in context.get("sysctls", ())):
        yield "sysctls"
    if any(
        key.startswith("container.apparmor.security.beta.kubernetes.io/") and value == "unconfined"
        for key, value in notes.items()
    ):
        yield "appArmor"
    yield from _of_both(context)


def _of_both(context: Spec) -> Iterator[str]:
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"
    if context.get("appArmorProfile", {"type": "RuntimeDefault"})["type"] not in PROFILES:
        yield "appArmor"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in SELINUX or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"
    if context.get("runAsUser") == 0:
        yield "runAsUser"


def _of_container(container: Spec, spec: Spec) -> Iterator[str]:
    context, pod = container.get("securityContext", {}), spec.get("securityContext", {})
    yield from _of_both(context)
    profile = context.get("seccompProfile", pod.get("seccompProfile", {}))
    capabilities = context.get("capabilities", {})
    rules = {
        "privileged": context.get("privileged", False),
        "hostPort": any(port.get("hostPort") for port in container.get("ports", ())),
        "procMount": context.get("procMount", "Default") != "Default",
        "allowPrivilegeEscalation": context.get("allowPrivilegeEscalation") is not False,
        "runAsNonRoot": context.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True,
        "seccompProfile": profile.get("type") not in PROFILES,
        "capabilities.drop": "ALL" not in capabilities.get("drop", ()),
        "capabilities.add": set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"},
        "host of a probe": any(_hosts(container)),
    }
    yield from (name for name, is_broken in rules.items() if is_broken)


def _hosts(container: Spec) -> Iterator[str]:
    handlers = [container.get(name, {}) for name in HANDLERS]
    for handler in (*handlers, *container.get("lifecycle", {}).values()):
        for kind in ("httpGet", "tcpSocket"):
            yield handler.get(kind, {}).get("host", "")
