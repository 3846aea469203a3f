"""What the contracts need on the real cluster: Traefik, two versions of podinfo, other hands.

Everything is made through the adapter under test and lies in namespaces of its own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from canary.adapters import http
from canary.adapters.cluster.kubeconfig import Login, Source
from canary.adapters.cluster.kubernetes import MERGE_PATCH, Cluster
from canary.adapters.routes.lists import Lists, Object, Shield
from canary.adapters.routes.router import ClusterRouter
from canary.adapters.routes.traffic import TraefikPods, TrafficView
from canary.components.crds import KINDS, definition_spec
from canary.errors import ConflictError
from canary.ports import Router

APP, NAMESPACE, TRAEFIK = "podinfo", "canary-contracts", "canary-contracts-traefik"
NAMESPACES = "/api/v1/namespaces"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
LISTS = Lists(app=APP, namespace=NAMESPACE, owner="me", port=80, shield=Shield())
LIST = "/traefikservices"  # what the path of each list contains
PODINFO = "ghcr.io/stefanprodan/podinfo"


class LossyTransport(http.BaseTransport):
    """Carries requests out, and loses the answer to the next `losses` PUTs.

    While it is `deaf`, what is written to a list is answered as if it had been, and goes nowhere.
    """

    def __init__(self, login: Login) -> None:
        self.losses = 0
        self.deaf = False
        self._inner = http.transport(login.verify)

    def handle_request(self, request: http.Request) -> http.Response:
        if self.deaf and request.method in {"POST", "PUT"} and LIST in request.url.path:
            return http.Response(200, content=request.read())
        response = self._inner.handle_request(request)
        if request.method == "PUT" and self.losses:
            self.losses -= 1
            response.read()
            raise http.ReadError("lost by the test")
        return response

    def close(self) -> None:
        self._inner.close()


class BedWorld:
    """The World of the Router's contract, on the bed."""

    def __init__(self) -> None:
        login = Source().login()
        self._transport = LossyTransport(login)
        self.cluster = Cluster(login, transport=self._transport)

    def router(self) -> Router:
        pods = TraefikPods(namespace=TRAEFIK)
        return ClusterRouter(self.cluster, LISTS, TrafficView(lambda: pods.endpoints(self.cluster)))

    def edit(self, weights: dict[str, int]) -> None:
        members = [
            {"kind": "Service", "name": f"{APP}-{version}", "port": 80, "weight": weight}
            for version, weight in weights.items()
        ]
        foreign_edit(self.cluster, LISTS.path(APP), {"spec": {"weighted": {"services": members}}})

    def lose_an_answer(self) -> None:
        self._transport.losses = 1

    def freeze(self) -> None:
        """Traefik hears of nothing that is written from now on."""
        self._transport.deaf = True

    def thaw(self) -> None:
        """From now on it does."""
        self._transport.deaf = False


def foreign_edit(cluster: Cluster, path: str, patch: Object) -> None:
    """Somebody else writes."""
    response = cluster.request(
        "PATCH",
        path,
        params={"fieldManager": "kubectl-edit"},
        content=json.dumps(patch).encode(),
        headers={"Content-Type": MERGE_PATCH},
    )
    assert response.is_success, response.text


def install(cluster: Cluster, versions: tuple[str, ...]) -> list[str]:
    """Have Traefik and the versions running; what to delete again, by API path.

    Traefik's definitions may be there already, for others: those stay.
    """
    made = [f"{RBAC}/clusterrolebindings/{TRAEFIK}", f"{RBAC}/clusterroles/{TRAEFIK}"]
    made += [f"{NAMESPACES}/{name}" for name in (NAMESPACE, TRAEFIK)]
    for kind in KINDS:
        body = {"metadata": {"name": kind.name}, "spec": definition_spec(kind)}
        body = _named("apiextensions.k8s.io/v1", "CustomResourceDefinition", body)
        if make(cluster, DEFINITIONS, body):
            made.append(f"{DEFINITIONS}/{kind.name}")
    for namespace in (TRAEFIK, NAMESPACE):
        make(cluster, NAMESPACES, {"metadata": {"name": namespace}})
    _install_traefik(cluster)
    for version in versions:
        make(cluster, deployments(NAMESPACE), deployment(version))
        for suffix in ("", "-fallback"):
            make(cluster, f"{NAMESPACES}/{NAMESPACE}/services", _service(version, suffix))
    names = [(TRAEFIK, "traefik"), *((NAMESPACE, f"{APP}-{version}") for version in versions)]
    for namespace, name in names:
        path = f"{deployments(namespace)}/{name}"
        await_(partial(_is_available, cluster, path), f"{name} ready", 180.0)
    return made


def uninstall(cluster: Cluster, made: list[str]) -> None:
    """Leave nothing of what `install` made; return when it is gone."""
    for path in made:
        cluster.delete(path)
    for path in made:
        await_(partial(_is_gone, cluster, path), f"{path} gone", 180.0)


def await_(done: Callable[[], bool], what: str, seconds: float) -> None:
    """Look until `done`, at most so long."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        threading.Event().wait(0.2)


def make(cluster: Cluster, collection: str, body: Object) -> bool:
    """Create, unless it exists; whether it did not."""
    try:
        cluster.create(collection, body)
    except ConflictError:
        assert cluster.find(f"{collection}/{body['metadata']['name']}") is not None
        return False
    return True


def deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def labels(version: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": APP, "app.kubernetes.io/version": version}


def deployment(version: str, image: str = f"{PODINFO}:6.9.2", **container: Any) -> Object:
    """A version; `container` adds to its only container."""
    probe = {"httpGet": {"path": "/readyz", "port": 9898}, "periodSeconds": 1}
    spec = {"name": APP, "image": image, "readinessProbe": probe, **container}
    return {
        "metadata": {
            "name": f"{APP}-{version}",
            "labels": {**labels(version), "app.kubernetes.io/managed-by": "canary"},
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels(version)},
            "template": {
                "metadata": {"labels": labels(version)},
                "spec": {"containers": [spec], "terminationGracePeriodSeconds": 1},
            },
        },
    }


def _service(version: str, suffix: str) -> Object:
    return {
        "metadata": {"name": f"{APP}-{version}{suffix}", "labels": labels(version)},
        "spec": {"selector": labels(version), "ports": [{"port": 80, "targetPort": 9898}]},
    }


def _install_traefik(cluster: Cluster) -> None:
    read = {"verbs": ["get", "list", "watch"]}
    rules = [
        {"apiGroups": ["traefik.io"], "resources": ["*"], **read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], **read},
        {"apiGroups": [""], "resources": ["services", "secrets", "configmaps", "nodes"], **read},
    ]
    make(cluster, f"{RBAC}/clusterroles", {"metadata": {"name": TRAEFIK}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": TRAEFIK}
    account = {"kind": "ServiceAccount", "name": "default", "namespace": TRAEFIK}
    binding = {"metadata": {"name": TRAEFIK}, "roleRef": role, "subjects": [account]}
    make(cluster, f"{RBAC}/clusterrolebindings", binding)
    arguments = [
        "--providers.kubernetescrd",
        "--providers.kubernetescrd.allowEmptyServices=true",
        "--entrypoints.web.address=:8000",
        "--entrypoints.traefik.address=:8080",
        "--api=true",
        "--api.insecure=true",
        "--ping=true",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]
    container = {
        "name": "traefik",
        "image": "docker.io/library/traefik:v3.7.13",
        "args": arguments,
        "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}, "periodSeconds": 1},
    }
    label = {"app.kubernetes.io/name": "traefik"}
    template = {"metadata": {"labels": label}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": label}, "template": template}
    make(cluster, deployments(TRAEFIK), {"metadata": {"name": "traefik"}, "spec": spec})


def _named(version: str, kind: str, body: Object) -> Object:
    return {"apiVersion": version, "kind": kind, **body}


def _is_available(cluster: Cluster, path: str) -> bool:
    body = cluster.read(path)
    return bool(body.get("status", {}).get("readyReplicas", 0) >= body["spec"]["replicas"])


def _is_gone(cluster: Cluster, path: str) -> bool:
    return cluster.find(path) is None
