"""What apps share: Traefik with its CRDs, Prometheus, and namespaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from canary.adapters import http
from canary.adapters.cluster.access import Ask, Endpoint
from canary.adapters.routes.lists import MANAGER_LABEL
from canary.config import StackConfig, Traefik
from canary.errors import PortError
from canary.preflight.findings import Findings, Object, Reader

_NEEDED_KINDS = frozenset({"traefikservices", "ingressroutes"})
_EMPTY_SERVICES = re.compile(
    r"--providers\.kubernetescrd\.allowemptyservices(=true)?", re.IGNORECASE
)
_IMAGE_VERSION = re.compile(r":v?(\d+)\.(\d+)")
_SHIELD_SINCE = (3, 7)
_BUILT_IN = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})

_ACCESS = "canary:prometheus.access"
_LOGIN = f": does it want {_ACCESS}.bearer, .basic or .secretHeaders, or others?"
_REMEDIES = {401: _LOGIN, 403: _LOGIN, 404: f": is {_ACCESS}.path what comes before /api/v1?"}


class Asking(Protocol):
    """A way to Prometheus."""

    def request(self, ask: Ask) -> http.Response:
        """Ask once; raises PortError without an answer."""


def crd_findings(config: StackConfig, cluster: Reader) -> Findings:
    """Whether the API server knows Traefik's kinds."""
    known = cluster.find("/apis/traefik.io/v1alpha1")
    names = {str(kind.get("name")) for kind in (known or {}).get("resources") or []}
    missing = sorted(_NEEDED_KINDS - names)
    if not missing:
        return Findings()
    if config.traefik.install:
        return Findings()
    text = (
        f"Traefik's CRDs are not installed: {', '.join(missing)} of traefik.io/v1alpha1 missing; "
        "install them, or set canary:traefik.install to true"
    )
    return Findings(problems=(text,))


def traefik_findings(config: StackConfig, cluster: Reader) -> Findings:
    """Whether Traefik runs, and whether one that is not ours is set up as needed."""
    traefik = config.traefik
    selector = ",".join(f"{key}={value}" for key, value in sorted(traefik.pod_labels.items()))
    pods = cluster.list_(f"/api/v1/namespaces/{traefik.namespace}/pods", label_selector=selector)
    where = f"in namespace {traefik.namespace}"
    if not pods and traefik.install:
        return Findings()
    if not pods:
        text = f"no Traefik {where} with labels {selector}: see canary:traefik.podLabels"
        return Findings(problems=(text,))
    if not any(_is_ready(pod) for pod in pods):
        text = f"Traefik {where} has no ready pod"
        return _by_ownership(text, traefik)
    return Findings() if traefik.install else Findings(warnings=tuple(_setup(config, pods)))


def _by_ownership(text: str, part: Traefik) -> Findings:
    # What this stack installs, this very `up` may repair: it must not be stopped by it.
    return Findings(warnings=(text,)) if part.install else Findings(problems=(text,))


def _setup(config: StackConfig, pods: list[Object]) -> Iterator[str]:
    containers = [c for pod in pods for c in (pod.get("spec") or {}).get("containers") or []]
    words = [w for c in containers for w in [*(c.get("command") or []), *(c.get("args") or [])]]
    if not any(_EMPTY_SERVICES.fullmatch(str(word)) for word in words):
        yield (
            "Traefik does not show --providers.kubernetescrd.allowEmptyServices=true: without it a "
            "version whose pods are all unready takes the whole route down with it"
        )
    versions = [_IMAGE_VERSION.search(str(c.get("image", ""))) for c in containers]
    old = [m[0].lstrip(":") for m in versions if m and (int(m[1]), int(m[2])) < _SHIELD_SINCE]
    shielded = sorted(name for name, app in config.apps.items() if app.shielded)
    if old and shielded:
        yield (
            f"Traefik {old[0]} has no shield (3.7 has): set shield.enabled to false for "
            f"{', '.join(shielded)}"
        )


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def prometheus_findings(config: StackConfig, cluster: Reader, endpoint: Endpoint) -> Findings:
    """Whether Prometheus answers queries and has Traefik's metrics."""
    namespace = config.prometheus.namespace
    if config.prometheus.install and not _service_exists(cluster, namespace):
        return Findings()
    direct = config.prometheus.access.via != "proxy"  # what refuses is not the API server
    try:
        text = _complaint(endpoint.name, endpoint, direct=direct)
    except PortError as error:
        text = str(error)
        if direct and "certificate" in text:
            text += f": say whom to trust in {_ACCESS}.caCertificate"
    if not text:
        return Findings()
    if config.prometheus.install:
        return Findings(warnings=(text,))
    return Findings(problems=(text,))


def _service_exists(cluster: Reader, namespace: str) -> bool:
    return cluster.find(f"/api/v1/namespaces/{namespace}/services/prometheus") is not None


def _complaint(name: str, endpoint: Asking, *, direct: bool) -> str:
    ask = Ask(path="/api/v1/query", params={"query": "count(traefik_config_reloads_total)"})
    response = endpoint.request(ask)
    answer = http.json_of(response)
    if response.is_error or answer.get("status") != "success":
        remedy = _REMEDIES.get(response.status_code, "") if direct else ""
        return f"{name} does not answer queries ({response.status_code}){remedy}"
    if not (answer.get("data") or {}).get("result"):
        return f"{name} has no metrics of Traefik: releases would be held without a verdict"
    return ""


def namespace_findings(config: StackConfig, cluster: Reader) -> Findings:
    """Whether the namespaces that are to be created can be, and the others exist."""
    problems: list[str] = []
    names = {app.namespace for app in config.apps.values()} - _BUILT_IN
    there = {name: cluster.find(f"/api/v1/namespaces/{name}") for name in sorted(names)}
    for key, app in config.apps.items():
        if app.namespace in _BUILT_IN:
            continue
        found = there[app.namespace]
        if found is None and not app.create_namespace:
            problems.append(f"{key}: namespace {app.namespace} does not exist")
        if found and app.create_namespace and not _is_ours(found):
            problems.append(
                f"{key}: namespace {app.namespace} exists and is not ours: set "
                "createNamespace to false, so that it stays when the stack is destroyed"
            )
    return Findings(problems=tuple(problems))


def _is_ours(body: Object) -> bool:
    return (body["metadata"].get("labels") or {}).get(MANAGER_LABEL) == "canary"
