"""The Service that callers inside the cluster use: its selector, flipped by compare-and-swap.

A selector that is none of a version's is somebody else's, whose Service was taken over: it stays
until a version's endpoints are ready, is remembered beside the first one of ours, and is put back
when that goes without another.
"""

from __future__ import annotations

import copy
import re

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.adoption import ADOPTED, is_adopted, recall, remember
from canary.adapters.routes.claim import Claim, run_of
from canary.adapters.routes.lists import APP_LABEL, RUN, VERSION_LABEL, Object, last_writer
from canary.adapters.routes.ownership import demand_ours
from canary.errors import ClusterError, ConflictError

_ATTEMPTS = 3
_VERSION = re.compile(r"[0-9a-f]{10}")


class ApexService:
    """The Apex port over the API server."""

    def __init__(
        self, cluster: Cluster, *, app: str, namespace: str, owner: str, claim: Claim
    ) -> None:
        self._cluster = cluster
        self._claim = claim
        self._app = app
        self._owner = owner
        self._namespace = namespace
        self._path = f"/api/v1/namespaces/{namespace}/services/{app}"

    def version(self) -> str:
        """The version its selector names; "" without a selector or without a Service."""
        body = self._cluster.find(self._path)
        return "" if body is None else _version(body)

    def point_to(self, version: str) -> None:
        """Flip the selector; "" removes ours, which a missing Service already satisfies.

        Raises:
            ConflictError: the Service is not ours, somebody else flipped it meanwhile, or another
                run took over.
            ClusterError: the API server did not take it, or there is no Service to flip, or it
                would leave ready pods for a version without any.
        """
        before = self._cluster.find(self._path)
        if before is None:
            self._demand_unneeded(version)
            return
        assumed = _version(before)
        for attempt in range(_ATTEMPTS):
            demand_ours("Service", before, self._owner)
            if self._is_done(before, version):
                return
            if version and self._is_somebody_elses(before):
                self._demand_ready(version)
            self._claim.demand()  # after that read: who comes later makes the swap fail
            try:
                self._cluster.replace(self._path, self._flipped(before, version))
            except ConflictError:
                before = self._cluster.read(self._path)
                self._demand_benign(before, assumed, version)
                if attempt + 1 == _ATTEMPTS:
                    raise
            else:
                return

    def _demand_unneeded(self, version: str) -> None:
        if version:
            raise ClusterError(
                f"Service {self._app} in namespace {self._namespace} does not exist; "
                "was it deleted by hand? `pulumi up --refresh` makes it again",
                status=404,
            )

    def _is_done(self, body: Object, version: str) -> bool:
        kept = not version and self._is_somebody_elses(body)
        return kept or (
            _selector(body) == self._wanted(version) and self._is_stamped(body, version)
        )

    def _is_stamped(self, body: Object, version: str) -> bool:
        """Whether no former run's flip succeeds; what is to be given back carries no name."""
        unnamed = not version or is_adopted(body)
        return unnamed or self._claim.run in ("", run_of(body))

    def _is_somebody_elses(self, body: Object) -> bool:
        selector = _selector(body)
        ours = _VERSION.fullmatch(_version(body)) and selector == self._wanted(_version(body))
        return bool(selector) and not ours

    def _wanted(self, version: str) -> dict[str, str]:
        return {APP_LABEL: self._app, VERSION_LABEL: version} if version else {}

    def _flipped(self, before: Object, version: str) -> Object:
        body = copy.deepcopy(before)
        body["metadata"].pop("managedFields", None)
        body["spec"]["selector"] = self._wanted(version)
        if self._is_somebody_elses(before):
            remember(body, selector=_selector(before))
        elif is_adopted(body) and version:
            body["metadata"]["annotations"].pop(ADOPTED)  # a second version: nobody goes back
        elif is_adopted(body):
            body["spec"]["selector"] = recall(body)["selector"]
        if not self._is_stamped(body, version):
            body["metadata"]["annotations"] = {
                **(body["metadata"].get("annotations") or {}),
                RUN: self._claim.run,
            }
        return body

    def _demand_ready(self, version: str) -> None:
        """Pods may be ready before the cluster counts them among a Service's endpoints."""
        service = f"{self._app}-{version}"
        slices = self._cluster.list_(
            f"/apis/discovery.k8s.io/v1/namespaces/{self._namespace}/endpointslices",
            label_selector=f"kubernetes.io/service-name={service}",
        )
        endpoints = [endpoint for found in slices for endpoint in found.get("endpoints") or []]
        if not any((e.get("conditions") or {}).get("ready") is not False for e in endpoints):
            text = f"Service {service} in namespace {self._namespace} has no ready endpoint yet"
            raise ClusterError(text, retryable=True)

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
