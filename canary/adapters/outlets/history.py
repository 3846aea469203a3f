"""The last ten reports of an app, in a ConfigMap that anybody in the namespace can read."""

from __future__ import annotations

import json
from typing import Any

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.lists import (
    APP_LABEL,
    MANAGER_LABEL,
    OWNER,
    Object,
    last_writer,
    owner_of,
)
from canary.core.report import Report
from canary.errors import ClusterError, ConflictError

KEPT = 10
MOST_BYTES = 900_000  # of a ConfigMap's 1 MiB
_KEY = "reports.json"
_ATTEMPTS = 4


class RolloutHistory:
    """ConfigMap `<app>-rollouts`; key "reports.json" is a JSON list, the latest report first."""

    def __init__(self, cluster: Cluster, *, app: str, namespace: str, owner: str) -> None:
        self._cluster = cluster
        self._app = app
        self._namespace = namespace
        self._owner = owner
        self._name = f"{app}-rollouts"
        self._collection = f"/api/v1/namespaces/{namespace}/configmaps"
        self._path = f"{self._collection}/{self._name}"

    def keep(self, report: Report) -> None:
        """Add a report and forget the eleventh; compare-and-swap, tried a few times.

        Raises:
            ConflictError: the ConfigMap is not ours, or others kept on writing it.
            ClusterError: the API server did not take it.
        """
        for attempt in range(_ATTEMPTS):
            before = self._cluster.find(self._path)
            try:
                self._write(before, report)
            except ConflictError:
                if attempt + 1 == _ATTEMPTS:
                    raise
            except ClusterError as error:
                if error.status != 404 or attempt + 1 == _ATTEMPTS:
                    raise  # 404: deleted between the read and the write
            else:
                return

    def remove(self) -> None:
        """Delete the ConfigMap if it is ours."""
        body = self._cluster.find(self._path)
        if body is not None:
            self._demand_ours(body)
            self._cluster.delete(self._path)

    def _write(self, before: Object | None, report: Report) -> None:
        if before is None:
            self._cluster.create(self._collection, self._body({}, [json.loads(report.to_json())]))
            return
        self._demand_ours(before)
        reports = [json.loads(report.to_json()), *_reports(before)]
        self._cluster.replace(self._path, self._body(before["metadata"], _fitting(reports)))

    def _body(self, metadata: Object, reports: list[dict[str, Any]]) -> Object:
        kept = {key: metadata[key] for key in ("resourceVersion", "uid") if key in metadata}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                **kept,
                "name": self._name,
                "namespace": self._namespace,
                "labels": {APP_LABEL: self._app, MANAGER_LABEL: "canary"},
                "annotations": {OWNER: self._owner},
            },
            "data": {_KEY: json.dumps(reports, sort_keys=True)},
        }

    def _demand_ours(self, body: Object) -> None:
        if owner_of(body) != self._owner:
            by = f" (last written by {last_writer(body)})" if last_writer(body) else ""
            raise ConflictError(
                f"ConfigMap {self._name} in namespace {self._namespace} exists and is not ours{by}"
            )


def _fitting(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The latest of them, as many as are kept and have room."""
    kept = reports[:KEPT]
    while len(kept) > 1 and len(json.dumps(kept)) > MOST_BYTES:
        kept.pop()
    return kept


def _reports(body: Object) -> list[dict[str, Any]]:
    try:
        reports = json.loads((body.get("data") or {}).get(_KEY, "[]"))
    except (ValueError, RecursionError):
        return []
    known = reports if isinstance(reports, list) else []
    return [report for report in known if isinstance(report, dict)]
