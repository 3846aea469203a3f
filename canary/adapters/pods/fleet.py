"""The pods behind the versions: three lists tell how they are, one write scales a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from canary.adapters.cluster import symptoms
from canary.adapters.cluster.kubernetes import Cluster
from canary.adapters.pods.addressed import VersionServices
from canary.adapters.pods.autoscalers import ClusterAutoscalers
from canary.adapters.pods.baseline import BaselineObjects
from canary.adapters.pods.swaps import Swaps, replicas_of
from canary.adapters.routes.claim import Claim
from canary.adapters.routes.lists import VERSION_LABEL, Object
from canary.core.seen import Pods
from canary.errors import ClusterError


class ClusterFleet:
    """The Fleet port over the API server.

    `wall_s` gives unix seconds by the API server's clock: a pod's age is told against it.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        app: str,
        namespace: str,
        owner: str,
        wall_s: Callable[[], float],
        claim: Claim,
    ) -> None:
        self._cluster = cluster
        self._app = app
        self._namespace = namespace
        self._wall_s = wall_s
        self._swaps = Swaps(cluster, claim, owner)
        self._autoscalers = ClusterAutoscalers(
            cluster, app=app, namespace=namespace, owner=owner, claim=claim
        )
        self._services = VersionServices(cluster, app=app, namespace=namespace)
        self._baseline = BaselineObjects(
            cluster, app=app, namespace=namespace, owner=owner, claim=claim
        )

    def pods(self) -> Mapping[str, Pods]:
        """How the pods of every version that has a Deployment are."""
        deployments = self._cluster.list_app(self._apps("deployments"), self._app)
        pods = self._cluster.list_app(self._core("pods"), self._app)
        self._services.look()
        return {
            version: self._reached(
                version, self._pods(deployment, [pod for pod in pods if _is_of(deployment, pod)])
            )
            for deployment in deployments
            if (version := _version(deployment))
        }

    def scale(self, version: str, replicas: int) -> None:
        """Run this many pods; with an autoscaler at least so many, and it does the rest.

        Raises:
            ConflictError: the Deployment is not ours, or another run took over.
            ClusterError: there is no such Deployment, or the API server did not take it.
        """
        path = self._apps(f"deployments/{self._app}-{version}")
        if self._swaps.stamp("Deployment", path) is None:
            if replicas == 0:
                return  # what does not exist is stopped
            raise ClusterError(
                f"Deployment {self._app}-{version} in namespace {self._namespace} does not exist; "
                "was it deleted by hand? `pulumi up --refresh` makes it again",
                status=404,
            )
        autoscaled = replicas > 0 and self._autoscalers.demand(version, replicas)
        self._swaps.scale(path, lambda now: (replicas_of(now) or 1) if autoscaled else replicas)
        if not replicas:  # it leaves what is stopped alone
            self._autoscalers.demand(version, 0)

    def copy(self, version: str, replicas: int, run: str) -> None:
        """Make the baseline; see `canary.adapters.pods.baseline`."""
        self._baseline.make(version, replicas, run)

    def discard(self, run: str = "") -> None:
        """Delete the baseline."""
        self._baseline.discard(run)

    def _pods(self, deployment: Object, pods: list[Object]) -> Pods:
        now_s = self._wall_s()
        alive = [p for p in pods if not symptoms.is_terminating(p) and not symptoms.is_over(p)]
        return Pods(
            wanted=replicas_of(deployment),
            existing=len(alive),
            ready=sum(1 for pod in alive if symptoms.is_ready(pod)),
            exits=sum(symptoms.exits(pod) for pod in alive),
            trouble=self._trouble(deployment, alive, now_s),
            settling=sum(1 for pod in alive if symptoms.is_settling(pod, now_s)),
            disturbed=any(symptoms.was_disturbed(pod) for pod in pods),
        )

    def _reached(self, version: str, pods: Pods) -> Pods:
        """Pods whose Service was deleted are ready for nobody."""
        deleted = self._services.deleted(version)
        return (
            replace(pods, ready=0, trouble=f"its Service {deleted} was deleted")
            if deleted
            else pods
        )

    def _trouble(self, deployment: Object, pods: list[Object], now_s: float) -> str:
        unready = [pod for pod in pods if not symptoms.is_ready(pod)]
        for text in map(symptoms.trouble, unready):
            if text:
                return text
        failure = symptoms.replica_failure(deployment)
        if failure:
            return failure
        for pod in unready:
            text = self._probe_trouble(pod, now_s) if symptoms.is_unprobed(pod) else ""
            if text:
                return text
        # A container that is started again is ready soon, and its exit counts all the same.
        return "" if unready else next(filter(None, map(symptoms.last_exit, pods)), "")

    def _probe_trouble(self, pod: Object, now_s: float) -> str:
        told = symptoms.probe_failure(self._warnings(pod))
        # Events may be gone or forbidden to read; that it takes too long is seen without them.
        return told or ("" if symptoms.is_settling(pod, now_s) else "readiness probe does not pass")

    def _warnings(self, pod: Object) -> list[str]:
        """The messages of a pod's events, last first."""
        selector = f"involvedObject.name={pod['metadata']['name']},reason=Unhealthy"
        try:
            events = self._cluster.list_(self._core("events"), field_selector=selector)
        except ClusterError:
            return []  # the reason in words is a courtesy: counts decide
        events.sort(key=lambda event: str(event.get("lastTimestamp") or ""), reverse=True)
        return [str(event.get("message", "")) for event in events]

    def _core(self, what: str) -> str:
        return f"/api/v1/namespaces/{self._namespace}/{what}"

    def _apps(self, what: str) -> str:
        return f"/apis/apps/v1/namespaces/{self._namespace}/{what}"


def _version(body: Object) -> str:
    return str((body["metadata"].get("labels") or {}).get(VERSION_LABEL, ""))


def _is_of(deployment: Object, pod: Object) -> bool:
    """Whether it is one of its pods, and not of an earlier Deployment of that version."""
    selector = deployment.get("spec", {}).get("selector", {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    mine = all(labels.get(key) == value for key, value in selector.items())
    return mine and _version(pod) == _version(deployment)
