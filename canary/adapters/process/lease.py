"""A Lease as it is written and read: who is alive, since when, and for which runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from canary.adapters.routes.lists import MANAGER_LABEL, OWNER, Object
from canary.core.holding import LEASE_S, Sign

RUNS = "canary.rollout/runs"  # the runs that the last renewal vouched for, separated by blanks
_GROUP = "/apis/coordination.k8s.io/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseForm:
    """How one process writes its Lease; `holder` names the process for people."""

    namespace: str
    name: str
    owner: str
    holder: str

    @property
    def reference(self) -> str:
        """What a record says."""
        return f"{self.namespace}/{self.name}"

    @property
    def collection(self) -> str:
        """The API path of the namespace's Leases."""
        return f"{_GROUP}/namespaces/{self.namespace}/leases"

    @property
    def path(self) -> str:
        """The API path of this one."""
        return f"{self.collection}/{self.name}"

    def body(self, runs: Collection[str], *, acquired_s: float, renewed_s: float) -> Object:
        """The Lease that vouches for `runs`; times are unix seconds by our clock."""
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": {MANAGER_LABEL: "canary"},
                "annotations": {OWNER: self.owner, RUNS: " ".join(sorted(runs))},
            },
            "spec": {
                "holderIdentity": self.holder,
                "leaseDurationSeconds": round(LEASE_S),
                "acquireTime": _micro(acquired_s),
                "renewTime": _micro(renewed_s),
            },
        }


class Reader(Protocol):
    """The API server, read-only."""

    def find(self, path: str) -> Object | None:
        """One object, None when there is none; raises ClusterError."""


class LeaseHolders:
    """Implements `canary.ports.Holders` over the API server."""

    def __init__(self, cluster: Reader) -> None:
        self._cluster = cluster

    def sign(self, lease: str, run: str) -> Sign:
        """What the Lease says about a run; one that is gone vouches for nothing."""
        namespace, _, name = lease.partition("/")
        body = self._cluster.find(f"{_GROUP}/namespaces/{namespace}/leases/{name}")
        return sign_of(body or {}, run)


def sign_of(body: Object, run: str) -> Sign:
    """What a Lease's body says about a run; nonsense vouches for nothing."""
    spec: dict[str, Any] = body.get("spec") or {}
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    vouched = run in str(annotations.get(RUNS, "")).split()
    return Sign(
        beat=str(spec.get("renewTime") or "") if vouched else "",
        holder=str(spec.get("holderIdentity") or ""),
        since=str(spec.get("acquireTime") or ""),
    )


def _micro(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
