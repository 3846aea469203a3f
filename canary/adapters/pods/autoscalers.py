"""The autoscalers of an app's versions: a run owns their least number of pods, and nothing else.

What it was before a run held it stands in an annotation beside it, so that whoever comes after a
driver that died can give it back.
"""

from __future__ import annotations

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.routes.lists import Object
from canary.adapters.routes.ownership import demand_ours

LEAST = "canary.rollout/min-replicas"  # what is given back when the run is over


class ClusterAutoscalers:
    """The Autoscalers port over the API server; a version may have none."""

    def __init__(self, cluster: Cluster, *, app: str, namespace: str, owner: str) -> None:
        self._cluster = cluster
        self._app = app
        self._owner = owner
        self._scalers = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
        self._deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"

    def demand(self, version: str, replicas: int) -> bool:
        """Have it run at least so many pods, 0 for as few as it likes; False if there is none.

        Raises:
            ConflictError: the autoscaler is not ours.
            ClusterError: the API server did not take it.
        """
        scaler = self._found(version)
        if scaler is None:
            return False
        least = min(replicas, int(scaler["spec"].get("maxReplicas", replicas))) or None
        if scaler["spec"].get("minReplicas") != least or _kept(scaler):
            self._write(version, least)
        return True

    def hold(self, version: str) -> bool:
        """Keep it from running fewer pods than there are now; whether there is one to be kept.

        Raises:
            ConflictError: the autoscaler is not ours.
            ClusterError: there is no such version, or the API server did not take it.
        """
        scaler = self._found(version)
        if scaler is None:
            return False
        deployment = self._cluster.read(f"{self._deployments}/{self._app}-{version}")
        now = int(deployment.get("spec", {}).get("replicas", 1))
        before = int(scaler["spec"].get("minReplicas") or 1)
        if now <= before:
            return _kept(scaler) > 0
        kept = {} if _kept(scaler) else {"metadata": {"annotations": {LEAST: str(before)}}}
        self._cluster.patch(self._path(version), {**kept, "spec": {"minReplicas": now}})
        return True

    def release(self, version: str) -> None:
        """Let it run as few pods again as before `hold`.

        Raises:
            ConflictError: the autoscaler is not ours.
            ClusterError: the API server did not take it.
        """
        scaler = self._found(version)
        if scaler is None or not (kept := _kept(scaler)):
            return
        self._write(version, kept)

    def _write(self, version: str, least: int | None) -> None:
        """From now on nothing else is to be given back."""
        patch = {"metadata": {"annotations": {LEAST: None}}, "spec": {"minReplicas": least}}
        self._cluster.patch(self._path(version), patch)

    def _found(self, version: str) -> Object | None:
        scaler = self._cluster.find(self._path(version))
        if scaler is not None:
            demand_ours("HorizontalPodAutoscaler", scaler, self._owner)
        return scaler

    def _path(self, version: str) -> str:
        return f"{self._scalers}/{self._app}-{version}"


def _kept(scaler: Object) -> int:
    """What is to be given back, 0 for nothing; 1 if somebody made nonsense of it."""
    text = str((scaler["metadata"].get("annotations") or {}).get(LEAST, ""))
    return (int(text) or 1) if text.isdecimal() else int(bool(text))
