"""The autoscalers of an app's versions: a run owns their least number of pods, and nothing else.

What it was before a run held it stands in an annotation beside it, so that whoever comes after a
driver that died can give it back.
"""

from __future__ import annotations

from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.pods.swaps import Change, Swaps, replicas_of
from canary.adapters.routes.claim import Claim
from canary.adapters.routes.lists import Object

LEAST = "canary.rollout/min-replicas"  # what is given back when the run is over


class ClusterAutoscalers:
    """The Autoscalers port over the API server; a version may have none."""

    def __init__(
        self, cluster: Cluster, *, app: str, namespace: str, owner: str, claim: Claim
    ) -> None:
        self._cluster = cluster
        self._app = app
        self._swaps = Swaps(cluster, claim, owner)
        self._scalers = f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
        self._deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"

    def demand(self, version: str, replicas: int) -> bool:
        """Have it run at least so many pods, 0 for as few as it likes; False if there is none.

        Raises:
            ConflictError: the autoscaler is not ours, or another run took over.
            ClusterError: the API server did not take it.
        """

        def demanded(scaler: Object) -> Object:
            least = min(replicas, int(scaler["spec"].get("maxReplicas", replicas))) or None
            same = scaler["spec"].get("minReplicas") == least and not _kept(scaler)
            return {} if same else _given_back(least)

        return self._change(version, demanded) is not None

    def hold(self, version: str) -> bool:
        """Keep it from running fewer pods than there are now; whether there is one to be kept.

        From now on no former run's write changes the version's size, with an autoscaler or none.

        Raises:
            ConflictError: the autoscaler or the Deployment is not ours, or another run took over.
            ClusterError: there is no such version, or the API server did not take it.
        """
        path = f"{self._deployments}/{self._app}-{version}"
        self._swaps.stamp("Deployment", path)

        def held(scaler: Object) -> Object:
            now = replicas_of(self._cluster.read(path))
            before = int(scaler["spec"].get("minReplicas") or 1)
            if now <= before:
                return {}
            kept = {} if _kept(scaler) else {"metadata": {"annotations": {LEAST: str(before)}}}
            return {**kept, "spec": {"minReplicas": now}}

        scaler = self._change(version, held)
        return scaler is not None and _kept(scaler) > 0

    def release(self, version: str) -> None:
        """Let it run as few pods again as before `hold`.

        Raises:
            ConflictError: the autoscaler is not ours, or another run took over.
            ClusterError: the API server did not take it.
        """
        self._change(version, lambda scaler: _given_back(kept) if (kept := _kept(scaler)) else None)

    def _change(self, version: str, change: Change) -> Object | None:
        return self._swaps.change("HorizontalPodAutoscaler", self._path(version), change)

    def _path(self, version: str) -> str:
        return f"{self._scalers}/{self._app}-{version}"


def _given_back(least: int | None) -> Object:
    """From now on nothing else is to be given back."""
    return {"metadata": {"annotations": {LEAST: None}}, "spec": {"minReplicas": least}}


def _kept(scaler: Object) -> int:
    """What is to be given back, 0 for nothing; 1 if somebody made nonsense of it."""
    text = str((scaler["metadata"].get("annotations") or {}).get(LEAST, ""))
    return (int(text) or 1) if text.isdecimal() else int(bool(text))
