"""A cluster that is only read, and a Prometheus that is only asked."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from canary.adapters import http
from canary.adapters.cluster.access import Ask
from canary.core.record import Record
from canary.errors import ClusterError, MetricsError

Object = dict[str, Any]
VERSION = "0123456789"
OWNER = "a" * 32
TRAEFIK = "/apis/traefik.io/v1alpha1"
NAMED = f"{TRAEFIK}/namespaces/test/traefikservices"


@dataclass(slots=True, kw_only=True)
class StoredCluster:
    """Objects by path; `refusals` are raised for paths, `gate` is waited for before an answer.

    `asked` are the paths of all requests so far.

    Reading is all it can do: a look that writes fails for want of the method.
    """

    objects: dict[str, Object] = field(default_factory=dict)
    pods: list[Object] = field(default_factory=list)
    refusals: dict[str, ClusterError] = field(default_factory=dict)
    gate: threading.Event | None = None
    asked: list[str] = field(default_factory=list)

    def find(self, path: str) -> Object | None:
        self._answer(path)
        return copy.deepcopy(self.objects.get(path))

    def list_(
        self, path: str, *, label_selector: str = "", field_selector: str = ""
    ) -> list[Object]:
        assert not field_selector
        self._answer(path)
        if path.endswith("/pods"):
            assert label_selector
            return copy.deepcopy(self.pods)
        assert path.startswith((TRAEFIK, "/api/v1/namespaces/", "/apis/apps/v1/namespaces/"))
        if path.startswith(TRAEFIK) and TRAEFIK not in self.objects:
            raise ClusterError("the API server knows no such kind", status=404)
        return [copy.deepcopy(self.objects[at]) for at in self.objects if at.startswith(f"{path}/")]

    def _answer(self, path: str) -> None:
        self.asked.append(path)
        if self.gate is not None and path != "/version":
            self.gate.wait(30)
        if path in self.refusals:
            raise self.refusals[path]


@dataclass(slots=True, kw_only=True)
class AskedPrometheus:
    """Answers every query with `result`, or with `status`, or not at all."""

    name: str = "Prometheus (service canary-system/prometheus)"
    result: tuple[Any, ...] = ({"value": [0, "1"]},)
    status: int = 200
    away: bool = False

    def request(self, ask: Ask) -> http.Response:
        assert ask.method == "GET"
        assert ask.path == "/api/v1/query"
        if self.away:
            raise MetricsError(f"{self.name} has no ready pod", retryable=True)
        body = {"status": "success", "data": {"result": list(self.result)}}
        return http.Response(self.status, json=body)


def vector(*values: str) -> http.Response:
    rows = [{"metric": {}, "value": [1.5, value]} for value in values]
    data = {"resultType": "vector", "result": rows}
    return http.Response(200, json={"status": "success", "data": data})


@dataclass(slots=True, kw_only=True)
class Evaluating:
    """A Prometheus that has Traefik's metrics, and an answer for each query that is posted."""

    answers: dict[str, http.Response | Exception] = field(default_factory=dict)
    name: str = "Prometheus (service canary-system/prometheus)"
    asked: list[str] = field(default_factory=list)
    together: threading.Barrier | None = None

    def request(self, ask: Ask) -> http.Response:
        assert ask.path == "/api/v1/query"
        if ask.method == "GET":
            return vector("1")
        (query,) = parse_qs((ask.content or b"").decode())["query"]
        self.asked.append(query)
        if self.together is not None:
            self.together.wait(10)
        answer = self.answers.get(query, vector())
        if isinstance(answer, Exception):
            raise answer
        return answer


def named(kind: str, name: str, **others: Any) -> Object:
    """An object of this stack in namespace test."""
    labels = {"app.kubernetes.io/managed-by": "canary"}
    annotations = {"canary.rollout/owner": OWNER, **others.pop("annotations", {})}
    metadata = {"name": name, "namespace": "test", "labels": labels, "annotations": annotations}
    return {"kind": kind, "metadata": metadata, **others}


def weighted(record: Record, **weights: int) -> Object:
    """The plain list with this record; weights are the record's unless said."""
    shares = weights or dict(record.members)
    members = [{"name": f"podinfo-{v.lstrip('_')}", "weight": w} for v, w in shares.items()]
    annotations = {"canary.rollout/record": record.to_json()}
    spec = {"weighted": {"services": members}}
    return named("TraefikService", "podinfo", annotations=annotations, spec=spec)


def traefik_pod(
    *, ready: bool = True, args: tuple[str, ...] = (), image: str = "v3.7.13"
) -> Object:
    """A replica of Traefik."""
    return {
        "metadata": {"name": "traefik-x"},
        "spec": {"containers": [{"image": f"docker.io/library/traefik:{image}", "args": [*args]}]},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def installed() -> dict[str, Object]:
    """A cluster in which this stack's surroundings run, without any app."""
    kinds = [{"name": "traefikservices"}, {"name": "ingressroutes"}]
    return {
        "/version": {"gitVersion": "v1.34.2"},
        TRAEFIK: {"resources": kinds},
        "/api/v1/namespaces/canary-system/services/prometheus": named("Service", "prometheus"),
    }


def serving(record: Record | None = None, *, apex: str = VERSION) -> dict[str, Object]:
    """The same with podinfo at rest, or as `record` says."""
    now = record or Record(owner=OWNER, primary=VERSION)
    service = named("Service", "podinfo", spec={"selector": {"app.kubernetes.io/version": apex}})
    deployment = f"/apis/apps/v1/namespaces/test/deployments/podinfo-{VERSION}"
    return {
        **installed(),
        "/api/v1/namespaces/test": named("Namespace", "test"),
        "/api/v1/namespaces/test/services/podinfo": service,
        f"{TRAEFIK}/namespaces/test/ingressroutes/podinfo": named("IngressRoute", "podinfo"),
        f"{NAMED}/podinfo": weighted(now),
        **{
            f"/api/v1/namespaces/test/services/{name}": named("Service", name)
            for name in (f"podinfo-{VERSION}", f"podinfo-{VERSION}-fallback")
        },
        deployment: named("Deployment", f"podinfo-{VERSION}", status={"readyReplicas": 2}),
    }
