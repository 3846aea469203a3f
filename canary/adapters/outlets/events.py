"""Kubernetes Events on the app's TraefikService: what `kubectl describe` shows of a run.

A courtesy: it never raises and takes at most two seconds, whatever the API server does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.lists import API_VERSION, Object
from canary.errors import ClusterError

_TIMEOUT_S = 2.0
_NOTE_LIMIT = 1000  # the API takes 1,024 bytes
_COMPONENT = "canary"


class ClusterEvents:
    """Writes Events about one app; `wall_s` gives unix seconds."""

    def __init__(
        self, cluster: Cluster, *, app: str, namespace: str, wall_s: Callable[[], float]
    ) -> None:
        self._cluster = cluster
        self._app = app
        self._namespace = namespace
        self._wall_s = wall_s
        self._uid = ""

    def tell(self, reason: str, note: str, *, warning: bool = False) -> bool:
        """Write one Event; `reason` in CamelCase. False when the API server did not take it."""
        body = self._event(reason, note, "Warning" if warning else "Normal")
        try:
            response = self._cluster.request(
                "POST",
                f"/api/v1/namespaces/{self._namespace}/events",
                params={"fieldManager": _COMPONENT},
                content=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
                timeout_s=_TIMEOUT_S,
            )
        except ClusterError:
            return False
        return response.is_success

    def _event(self, reason: str, note: str, kind: str) -> Object:
        now = datetime.fromtimestamp(self._wall_s(), UTC)
        second = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{self._app}-", "namespace": self._namespace},
            "involvedObject": self._about(),
            "reason": reason,
            "message": note.encode()[:_NOTE_LIMIT].decode(errors="ignore"),
            "type": kind,
            "action": reason,
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "firstTimestamp": second,
            "lastTimestamp": second,
            "count": 1,
            "source": {"component": _COMPONENT},
            "reportingComponent": _COMPONENT,
            "reportingInstance": _COMPONENT,
        }

    def _about(self) -> Object:
        return {
            "apiVersion": API_VERSION,
            "kind": "TraefikService",
            "name": self._app,
            "namespace": self._namespace,
            **self._identity(),
        }

    def _identity(self) -> dict[str, str]:
        """The uid, without which `kubectl describe` would not find the Event."""
        if not self._uid:
            path = f"/apis/{API_VERSION}/namespaces/{self._namespace}/traefikservices/{self._app}"
            try:
                response = self._cluster.request("GET", path, timeout_s=_TIMEOUT_S / 2)
                self._uid = str(response.json()["metadata"]["uid"])
            except (ClusterError, ValueError, KeyError, TypeError):
                return {}
        return {"uid": self._uid}
