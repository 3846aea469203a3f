"""The baseline's objects: a Deployment and a Service, copied from those of a version that is there.

They are copied there, not rendered: what serves may have been declared by another configuration, or
by an older release of this program. Their version label is no version's, so neither that version's
Services nor its disruption budget nor the apex take the pods for theirs; and they are the property
of the version's Deployment, so that nothing of them outlives it, whoever dies.
"""

from __future__ import annotations

import copy
import hashlib

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.claim import Claim, run_of
from canary.adapters.routes.lists import (
    APP_LABEL,
    MANAGER_LABEL,
    OWNER,
    RUN,
    VERSION_LABEL,
    Object,
)
from canary.adapters.routes.ownership import demand_ours
from canary.core.record import BASELINE
from canary.errors import ClusterError, ConflictError

RUN_LABEL = "canary.rollout/baseline"  # tells one run's pods from another's that are still going
_PORT_FIELDS = ("name", "port", "targetPort", "protocol", "appProtocol")


class BaselineObjects:
    """Makes and deletes them, each in one namespace of a cluster and for one app."""

    def __init__(
        self, cluster: Cluster, *, app: str, namespace: str, owner: str, claim: Claim
    ) -> None:
        self._cluster = cluster
        self._claim = claim
        self._app = app
        self._namespace = namespace
        self._owner = owner
        self._deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        self._services = f"/api/v1/namespaces/{namespace}/services"

    def make(self, version: str, replicas: int, run: str) -> None:
        """Copy `version`; may be repeated, and then changes nothing.

        Raises:
            ConflictError: there is a Deployment or a Service of that name which is no baseline, or
                another run took over.
            ClusterError: there is no such version, or the API server did not take it.
        """
        name = f"{self._app}-{version}"
        original = self._cluster.read(f"{self._deployments}/{name}")
        service = self._cluster.read(f"{self._services}/{name}")
        metadata = self._metadata(original, run)
        self._put("Service", self._services, metadata, self._service_spec(service, run))
        spec = {**self._deployment_spec(original, run), "replicas": replicas}
        self._put("Deployment", self._deployments, metadata, spec)

    def discard(self, run: str) -> None:
        """Delete them if this run made them, or whoever did when it is "".

        Raises:
            ConflictError: they are not ours, or another run took over.
            ClusterError: the API server did not take it.
        """
        for kind, collection in (("Deployment", self._deployments), ("Service", self._services)):
            body = self._found(kind, collection)
            if body is not None and run in ("", run_of(body)):
                self._delete(collection, body)

    def _put(self, kind: str, collection: str, metadata: Object, spec: Object) -> None:
        found = self._found(kind, collection)
        if found is not None and run_of(found) == metadata["annotations"][RUN]:
            return
        if found is not None:  # a selector never changes, and old pods are not fresh
            self._delete(collection, found)
        body = {"metadata": copy.deepcopy(metadata), "spec": spec}
        self._claim.demand()
        self._cluster.create(collection, body)

    def _found(self, kind: str, collection: str) -> Object | None:
        body = self._cluster.find(f"{collection}/{self._app}-{BASELINE}")
        if body is None:
            return None
        demand_ours(kind, body, self._owner)
        labels = body["metadata"].get("labels") or {}
        if labels.get(VERSION_LABEL) != BASELINE:
            raise ConflictError(
                f"{kind} {self._app}-{BASELINE} in namespace {self._namespace} is no baseline: "
                "rename the app that it belongs to"
            )
        return body

    def _delete(self, collection: str, body: Object) -> None:
        metadata = body["metadata"]
        self._claim.demand()
        try:
            self._cluster.delete(f"{collection}/{metadata['name']}", uid=str(metadata["uid"]))
        except ConflictError as error:  # another one has its name by now
            raise ClusterError(str(error), retryable=True) from error

    def _metadata(self, original: Object, run: str) -> Object:
        owned = {key: original["metadata"][key] for key in ("name", "uid")}
        return {
            "name": f"{self._app}-{BASELINE}",
            "namespace": self._namespace,
            "labels": {**self._labels(run), MANAGER_LABEL: "canary"},
            "annotations": {OWNER: self._owner, RUN: run},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", **owned}],
        }

    def _labels(self, run: str) -> dict[str, str]:
        mark = hashlib.sha256(run.encode()).hexdigest()[:10]
        return {APP_LABEL: self._app, VERSION_LABEL: BASELINE, RUN_LABEL: mark}

    def _deployment_spec(self, original: Object, run: str) -> Object:
        template = copy.deepcopy(original["spec"]["template"])
        metadata = template.setdefault("metadata", {})
        metadata["labels"] = {**(metadata.get("labels") or {}), **self._labels(run)}
        return {
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": self._labels(run)},
            "template": template,
        }

    def _service_spec(self, original: Object, run: str) -> Object:
        ports = [
            {field: port[field] for field in _PORT_FIELDS if field in port}
            for port in original["spec"]["ports"]
        ]
        return {"type": "ClusterIP", "selector": self._labels(run), "ports": ports}
