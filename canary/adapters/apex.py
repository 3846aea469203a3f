"""The Service that callers inside the cluster use: its selector, flipped by compare-and-swap."""

from __future__ import annotations

import copy

from canary.adapters.kubernetes import Cluster
from canary.adapters.lists import APP_LABEL, VERSION_LABEL, Object, last_writer
from canary.adapters.ownership import demand_ours
from canary.errors import ConflictError

_ATTEMPTS = 3


class ApexService:
    """The Apex port over the API server."""

    def __init__(self, cluster: Cluster, *, app: str, namespace: str, owner: str) -> None:
        self._cluster = cluster
        self._app = app
        self._owner = owner
        self._namespace = namespace
        self._path = f"/api/v1/namespaces/{namespace}/services/{app}"

    def version(self) -> str:
        """The version its selector names; "" without a selector or without a Service."""
        body = self._cluster.find(self._path)
        return "" if body is None else _version(body)

    def point_to(self, version: str) -> None:
        """Flip the selector; "" removes it, which a missing Service already satisfies.

        Raises:
            ConflictError: the Service is not ours, or somebody else flipped it meanwhile.
            ClusterError: the API server did not take it, or there is no Service to flip.
        """
        before = self._cluster.read(self._path) if version else self._cluster.find(self._path)
        if before is None:
            return
        assumed = _version(before)
        for attempt in range(_ATTEMPTS):
            demand_ours("Service", before, self._owner)
            if _selector(before) == self._wanted(version):
                return
            try:
                self._cluster.replace(self._path, self._flipped(before, version))
            except ConflictError:
                before = self._cluster.read(self._path)
                self._demand_benign(before, assumed, version)
                if attempt + 1 == _ATTEMPTS:
                    raise
            else:
                return

    def _wanted(self, version: str) -> dict[str, str]:
        return {APP_LABEL: self._app, VERSION_LABEL: version} if version else {}

    def _flipped(self, before: Object, version: str) -> Object:
        body = copy.deepcopy(before)
        body["metadata"].pop("managedFields", None)
        body["spec"]["selector"] = self._wanted(version)
        return body

    def _demand_benign(self, now: Object, assumed: str, version: str) -> None:
        if _version(now) in (assumed, version):
            return
        raise ConflictError(
            f"Service {self._app} in namespace {self._namespace} was pointed to "
            f"{_version(now) or 'nothing'} by {last_writer(now) or 'somebody'}"
        )


def _selector(body: Object) -> dict[str, str]:
    return dict(body.get("spec", {}).get("selector") or {})


def _version(body: Object) -> str:
    return _selector(body).get(VERSION_LABEL, "")
